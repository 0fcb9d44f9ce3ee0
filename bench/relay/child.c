/* SPDX-License-Identifier: MPL-2.0 */
/* Starts kithd and reads what the kernel says of it. */
#include "child.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

double
now_s(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void
die(const char *why)
{
    fprintf(stderr, "bench_kithd: %s\n", why);
    exit(1);
}

static void
run_kithd(const char *program, const char *folder, uint16_t port, int out)
{
    char listen[32];

    snprintf(listen, sizeof listen, "127.0.0.1:%u", port);
    dup2(out, STDOUT_FILENO);
    execl(program, program, "--data", folder, "--listen", listen, "--no-rations",
          "--source-connections", "65535", (char *)NULL);
    _exit(127);
}

static bool
is_listening(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool is_up = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;

    close(fd);
    return is_up;
}

static void
await_listening(child *c, uint16_t port, double since)
{
    while (!is_listening(port)) {
        if (waitpid(c->pid, NULL, WNOHANG) != 0) {
            die("kithd did not start");
        }
        usleep(200);
    }
    c->start_ms = (now_s() - since) * 1e3;
}

static void
read_link(child *c, int in)
{
    FILE *lines = fdopen(in, "r");
    char line[PROTO_LINK_TEXT_MAX + 2];

    while (lines != NULL && fgets(line, sizeof line, lines) != NULL) {
        line[strcspn(line, "\n")] = 0;
        if (proto_link_decode(kith_bytes_of_text(line), &c->link) == KITH_OK) {
            fclose(lines);
            return;
        }
    }
    die("kithd printed no link");
}

void
child_start(const char *program, const char *folder, uint16_t port, child *out)
{
    int ends[2];

    if (is_listening(port)) {
        die("the port is in use; give another one with port=N");
    }
    if (pipe(ends) != 0) {
        die("no pipe");
    }
    const double since = now_s();
    out->pid = fork();
    if (out->pid == 0) {
        close(ends[0]);
        run_kithd(program, folder, port, ends[1]);
    }
    close(ends[1]);
    await_listening(out, port, since);
    read_link(out, ends[0]);
}

void
child_stop(child *c)
{
    kill(c->pid, SIGTERM);
    waitpid(c->pid, NULL, 0);
}

long
child_rss_kb(const child *c)
{
    char path[64];
    char line[256];
    long kb = 0;

    snprintf(path, sizeof path, "/proc/%d/status", (int)c->pid);
    FILE *status = fopen(path, "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0) {
            kb = strtol(line + 6, NULL, 10);
        }
    }
    if (status != NULL) {
        fclose(status);
    }
    return kb;
}

/* Fields 14 and 15 of stat(5); the name in field 2 may hold anything but ends with the last bracket. */
double
child_cpu_s(const child *c)
{
    char path[64];
    char line[1024] = "";
    unsigned long user = 0;
    unsigned long system = 0;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)c->pid);
    FILE *stat = fopen(path, "r");
    const bool has_line = stat != NULL && fgets(line, sizeof line, stat) != NULL;
    if (stat != NULL) {
        fclose(stat);
    }
    const char *rest = has_line ? strrchr(line, ')') : NULL;
    if (rest == NULL || sscanf(rest + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                               &user, &system) != 2) {
        return 0;
    }
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}
