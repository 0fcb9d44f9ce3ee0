/* SPDX-License-Identifier: MPL-2.0 */
/* What a failure means for the person, by what was asked. */
#include "words.h"

#include <string.h>

typedef struct entry {
    const char *method; /* NULL: any */
    rpc_kind kind;
    const char *text;
} entry;

/* The first that fits is told. */
static const entry entries[] = {
    {"account.join", RPC_KIND_MALFORMED, "That is not a Kith link. Copy the whole of it."},
    {"account.join", RPC_KIND_DENIED, "The link is used up or too old. Ask for a new one."},
    {"account.join", RPC_KIND_UNSUPPORTED,
     "The link is for a newer Kith, or for another place than the one your account is at."},
    {"account.join", RPC_KIND_EXISTS,
     "You have an account here already. `kith invite` invites others."},
    {"account.join", RPC_KIND_CONFLICT,
     "Whoever made the link has another account now. Ask for a new link."},
    {"account.join", RPC_KIND_INVALID,
     "That link is your own. Give it to whom you want to talk with."},
    {"account.join", RPC_KIND_LIMIT, "The name or the text is too long."},
    {"invite.create", RPC_KIND_LIMIT, "Too many invitations are open. Wait until one was used."},
    {"pair.offer", RPC_KIND_CONFLICT, "A device is being linked already."},
    {"pair.offer", RPC_KIND_OFFLINE, "Linking needs a connection, and there is none just now."},
    {"pair.wait", RPC_KIND_REJECTED, "A wrong code was tried, so this code is void. Start again."},
    {"pair.wait", RPC_KIND_NOT_FOUND, "The code's time is over. Start again."},
    {"pair.accept", RPC_KIND_MALFORMED,
     "That is not a code. It looks like 12345-678901@place.example:5484"},
    {"pair.accept", RPC_KIND_REJECTED, "The code is wrong. Start again on your other device."},
    {"pair.accept", RPC_KIND_NOT_FOUND,
     "The code's time is over, or its number is wrong. Start again on your other device."},
    {"pair.accept", RPC_KIND_DENIED, "Your other device said no."},
    {"pair.accept", RPC_KIND_EXISTS, "This device has an account already."},
    {"pair.accept", RPC_KIND_CONFLICT, "This device has an account already, or is being linked."},
    {"pair.accept", RPC_KIND_OFFLINE,
     "Nobody can be reached where the code says. Is it typed right?"},
    {"device.remove", RPC_KIND_DENIED,
     "That is the device you are at. Remove it from another one."},
    {"message.send", RPC_KIND_DENIED, "You are no longer in that chat, or declined it."},
    {"message.send", RPC_KIND_MALFORMED, "There is no text, or it is not UTF-8."},
    {"message.send", RPC_KIND_LIMIT, "The text is too long, or too many messages wait to be sent."},
    {"message.wait", RPC_KIND_REJECTED, "It will not be sent: you are no longer in that chat."},
    {"chat.find", RPC_KIND_NOT_FOUND, "There is no chat with that name."},
    {"chat.find", RPC_KIND_CONFLICT, "Several chats are called that."},
    {"group.create", RPC_KIND_NOT_FOUND,
     "Only people you have a chat with can be put into a group."},
    {"group.add", RPC_KIND_EXISTS, "They are in that group already."},
    {"group.add", RPC_KIND_NOT_FOUND, "Only people you have a chat with can be put into a group."},
    {"group.add", RPC_KIND_DENIED,
     "Only a member can add to a group, and a chat of two stays one of two."},
    {"group.remove", RPC_KIND_NOT_FOUND, "They are not in that group."},
    {"group.remove", RPC_KIND_DENIED, "Only a member can remove from a group."},
    {"group.leave", RPC_KIND_DENIED, "A chat of two cannot be left."},
    {NULL, RPC_KIND_NO_ACCOUNT, "You have no account here yet. `kith join LINK` makes one."},
    {NULL, RPC_KIND_OFFLINE,
     "No connection just now. It is kept, and done as soon as there is one."},
    {NULL, RPC_KIND_TIMEOUT,
     "It takes longer than usual. Kith goes on; nothing more is needed from you."},
    {NULL, RPC_KIND_NOT_FOUND, "There is no such thing."},
    {NULL, RPC_KIND_EXISTS, "It is so already."},
    {NULL, RPC_KIND_CONFLICT, "Something else changed it at the same time. Try again."},
    {NULL, RPC_KIND_DENIED, "That is not allowed."},
    {NULL, RPC_KIND_REJECTED, "It was refused."},
    {NULL, RPC_KIND_MALFORMED, "Kith does not understand that."},
    {NULL, RPC_KIND_UNSUPPORTED, "This version of Kith cannot do that. Update it."},
    {NULL, RPC_KIND_LIMIT, "That is too long or too much."},
    {NULL, RPC_KIND_BUSY, "Too much at once. Try again in a moment."},
    {NULL, RPC_KIND_STORE, "It could not be written. Is the disk full? Nothing was changed."},
    {NULL, RPC_KIND_NO_MEMORY, "There is not enough memory. Nothing was changed."},
    {NULL, RPC_KIND_GONE, "kith-agent stopped in the middle; what was done is kept. Try again."},
    {NULL, RPC_KIND_INVALID, "Kith does not understand that."},
    {NULL, RPC_KIND_REQUEST, "Kith does not understand that."},
};

const char *
words_fault(const char *method, rpc_kind kind)
{
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        if (entries[i].kind == kind &&
            (entries[i].method == NULL || strcmp(entries[i].method, method) == 0)) {
            return entries[i].text;
        }
    }
    return "It did not work, and Kith does not know why. `kith doctor` may tell.";
}

const char *
words_field(const char *field)
{
    static const struct {
        const char *field;
        const char *text;
    } fields[] = {
        {"link", "The link is empty or too long."},
        {"name", "The name is empty, too long (64 bytes at most), or not UTF-8."},
        {"device_name", "The device's name is too long (64 bytes at most)."},
        {"text", "The text is empty, too long (64 KB at most), or not UTF-8."},
        {"code", "The code is empty or too long."},
        {"title", "The group's name is empty or too long (255 bytes at most)."},
        {"who", "The name is empty or too long."},
        {"accounts", "That is too many people for one group."},
        {"once", "What follows --once is 1 to 64 bytes long."},
        {"limit", "What follows --last is a number from 1 to 500."},
        {"state", "What follows --wait is sent, delivered or read."},
    };

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strcmp(fields[i].field, field) == 0) {
            return fields[i].text;
        }
    }
    return words_fault("", RPC_KIND_REQUEST);
}

const char *
words_alarm(const char *what)
{
    static const struct {
        const char *what;
        const char *text;
    } alarms[] = {
        {"pin", "Somebody else answers where your Kith was. Nothing is sent. Ask whoever runs it."},
        {"version",
         "Your Kith speaks another version. Update this program, or ask whoever runs it."},
        {"login", "This device was not let in. When it stays so, link it anew."},
        {"list",
         "A false list of devices came. Nothing goes to them. Ask that person in another way whether all is well."},
        {"hello", "Who answered may not be who invited you. Ask that person in another way."},
        {"person",
         "Your devices know that person as two different accounts. Compare, and remove the device that is wrong."},
        {"log",
         "A chat is shorter than it was. Ask whoever runs your Kith whether it was restored from a copy."},
        {"roster",
         "Somebody reads a chat who should not. Nothing more is sent there. Ask the others in another way who changed it."},
        {"commit",
         "A change of a chat's members cannot be read. Ask the others in another way whether theirs goes on."},
        {"fork",
         "STOPPED: people were shown different lists of devices, and it is proved. Nothing is sent. Ask whoever runs your Kith."},
        {"directory",
         "STOPPED: your Kith shows another list of devices than before, without a reason. Nothing is sent. Ask whoever runs it."},
        {"renewed",
         "Your Kith began a new list of devices. Ask whoever runs it whether the old one was lost."},
        {"proof",
         "An answer about somebody's devices was not sound and is not used. When it happens again, ask whoever runs your Kith."},
        {"behind",
         "Your Kith knows less about devices than it did. Ask whoever runs it whether it was restored from a copy."},
        {"head",
         "That person's device sees another list of devices than yours. Ask them in another way what theirs says."},
        {"watch",
         "What was said about that person's devices has changed afterwards. Ask them in another way whether all is well."},
        {"own",
         "Your Kith lists something about your devices that you are not shown. Look at `kith devices`, and ask whoever runs it."},
        {"stale", "Your Kith has had no news about devices for over an hour. It is tried again."},
        {"clock", "This device's clock is far off. Set it."},
        {"account",
         "That person's account was set up from scratch, or it is somebody else of that name. "
         "`kith accept` or `kith decline`, once you have asked them."},
    };

    for (size_t i = 0; i < sizeof alarms / sizeof alarms[0]; i++) {
        if (strcmp(alarms[i].what, what) == 0) {
            return alarms[i].text;
        }
    }
    return "Something was refused. Update this program to know what.";
}
