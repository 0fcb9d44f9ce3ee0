/* SPDX-License-Identifier: MPL-2.0 */
/* A guess at the address under which this machine is reached. */
#include "net/address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

/* Writes the text of a usable address; link-local ones need a scope and are of no use to others. */
static bool
write_usable(const struct ifaddrs *item, int family, char host[INET6_ADDRSTRLEN])
{
    if (item->ifa_addr == NULL || item->ifa_addr->sa_family != family ||
        (item->ifa_flags & IFF_UP) == 0 || (item->ifa_flags & IFF_LOOPBACK) != 0) {
        return false;
    }
    if (family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)item->ifa_addr;
        return inet_ntop(family, &v4->sin_addr, host, INET6_ADDRSTRLEN) != NULL;
    }
    const struct sockaddr_in6 *v6 = (const void *)item->ifa_addr;
    return !IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr) &&
           inet_ntop(family, &v6->sin6_addr, host, INET6_ADDRSTRLEN) != NULL;
}

void
net_address_guess(char out[NET_HOST_MAX + 1])
{
    static const int families[] = {AF_INET, AF_INET6};
    struct ifaddrs *all = NULL;
    char host[INET6_ADDRSTRLEN] = "127.0.0.1";
    bool found = false;

    if (getifaddrs(&all) == 0) {
        for (size_t f = 0; f < 2 && !found; f++) {
            for (const struct ifaddrs *i = all; i != NULL && !found; i = i->ifa_next) {
                found = write_usable(i, families[f], host);
            }
        }
        freeifaddrs(all);
    }
    snprintf(out, NET_HOST_MAX + 1, "%s", host);
}
