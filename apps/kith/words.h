/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Every word that kith says to people, in one place. None of them is about cryptography (tools/check_words).
 * Formats are macros, so that the compiler checks what is put into them.
 */
#ifndef KITH_CLI_WORDS_H
#define KITH_CLI_WORDS_H

#include "rpc/rpc.h"

/* ---- Usage ---- */
#define WORDS_USAGE "usage: kith VERB [ARGUMENT...] [--json] [--data DIR]\n\n"
#define WORDS_USAGE_VERB "usage: kith %s %s\n\n%s\n"
#define WORDS_HELP_FOOT                                                                                    \
    "\n`kith help VERB` tells more. Every verb takes --json, which prints for programs, and --data DIR,\n" \
    "the folder of another account. Exit: 0 done, 1 failed, 2 wrong call, 3 not found, 4 refused,\n"       \
    "5 no connection or too slow, 6 no account yet.\n"
#define WORDS_UNKNOWN_VERB "kith: there is no verb \"%s\""
#define WORDS_SUGGEST "Did you mean \"%s\"?"
#define WORDS_SEE_HELP "`kith help` lists what there is."
#define WORDS_UNKNOWN_OPTION "there is no option %s here (put -- before text that begins with -)"
#define WORDS_OPTION_VALUE "%s needs a value"
#define WORDS_MISSING "something is missing"
#define WORDS_TOO_MUCH "that is too much"
#define WORDS_VERSION "kith %s\n"

/* ---- Places and the agent ---- */
#define WORDS_NO_HOME "kith: nothing says where your files are: set HOME, or use --data DIR"
#define WORDS_NO_FOLDER "kith: the folder for your messages cannot be made or used"
#define WORDS_LONG_PATH "kith: the folder's path is too long; choose a shorter one with --data DIR"
#define WORDS_NO_AGENT "kith: kith-agent, which does the work, could not be started: %s"
#define WORDS_AGENT_GONE "kith: kith-agent stopped in the middle; what was done is kept, try again"
#define WORDS_NOT_RUNNING "kith: kith-agent is not running"
#define WORDS_OLD_AGENT                                                                            \
    "kith: another version of kith-agent is running; stop it with `kith daemon stop`"
#define WORDS_STOPPED "stopped"

/* ---- Joining ---- */
#define WORDS_ASK_NAME "What should others call you? "
#define WORDS_NEED_NAME "say what others should call you: --name NAME"
#define WORDS_NEED_LINK "a link is needed: from whoever invites you, or from whoever runs your Kith"
#define WORDS_JOINED "You are here now. Others see you as \"%s\"."
#define WORDS_INVITE_NEXT "Next: `kith invite` makes a link for somebody to talk to."
#define WORDS_CAN_WRITE "You can write: kith send \"%s\" TEXT"
#define WORDS_MAKING                                                                                   \
    "kith: Your account is being made with an earlier link. To start over with another one: stop it\n" \
    "with `kith daemon stop`, and remove the folder %s"
#define WORDS_TRYING                                                                               \
    "It cannot be reached just now. Kith goes on trying; nothing more is needed from you."
#define WORDS_WRONG_PLACE                                                                          \
    "Somebody else answers there than the one whom the link names. Nothing was sent. Ask for a new link."
#define WORDS_REMOVED                                                                              \
    "kith: This device was taken off your account. It shows what was said before, and no more."
#define WORDS_KEPT "No connection just now. It is kept and will be sent."
#define WORDS_SLOW "It takes longer than usual. Kith goes on; nothing more is needed from you."

/* ---- Inviting and linking ---- */
#define WORDS_INVITE "Give this link to whom you want to talk with. It is good for 14 days."
#define WORDS_NO_QR "kith: the code could not be drawn"
#define WORDS_LINK_SHOW "On the new device, within ten minutes:\n\n    kith link %s\n"
#define WORDS_LINK_ASK "\"%s\" wants to become one of your devices and to read all you can read.\n"
#define WORDS_LINK_YES "Is it yours, and in your hands? [y/N] "
#define WORDS_LINK_NO_TERMINAL "nobody is here to ask; use --yes when you are sure"
#define WORDS_LINK_DECLINED "It was not linked."
#define WORDS_LINKED_OLD "\"%s\" is linked."
#define WORDS_LINKED_NEW "This device is linked. Your chats are here."
#define WORDS_LINK_WAIT "Now say yes on your other device."

/* ---- Messages ---- */
#define WORDS_NEED_TEXT "what do you want to say?"
#define WORDS_ASK_TEXT "> "
#define WORDS_TEXT_LONG "kith: the text is too long (64 KB at most)"
#define WORDS_NOTHING_NEW "Nothing new."
#define WORDS_NO_MESSAGES "Nothing was said yet."

#define WORDS_YOU "You"
#define WORDS_SOMEBODY "somebody"
#define WORDS_STATE_QUEUED "(not sent yet)"
#define WORDS_STATE_SENT "(sent)"
#define WORDS_STATE_DELIVERED "(delivered)"
#define WORDS_STATE_READ "(read)"
#define WORDS_STATE_FAILED "(will not be sent)"
#define WORDS_EDITED "(edited)"
#define WORDS_LINE_ADDED "%s added %s"
#define WORDS_LINE_REMOVED "%s removed %s"
#define WORDS_LINE_LEFT "%s left"
#define WORDS_LINE_GAP "something before this is missing and could not be had again"
#define WORDS_CHAT_REQUEST_LINE                                                                    \
    "%s asks to write to you: `kith accept` or `kith decline`, and the name."
#define WORDS_CHAT_HELP "You write to %s. Enter sends, Ctrl-D ends."
#define WORDS_SEVERAL "kith: several are called that; use the number in front:"
#define WORDS_LIKE "Perhaps:"

/* ---- Lists ---- */
#define WORDS_NO_CHATS "No chats yet. `kith invite` makes a link for somebody to talk to."
#define WORDS_NO_PEOPLE "Nobody yet. `kith invite` makes a link for somebody to talk to."
#define WORDS_UNREAD "%llu new"
#define WORDS_CHAT_REQUEST "asks to write to you"
#define WORDS_CHAT_LEFT "left"
#define WORDS_CHAT_OPENING "being opened"
#define WORDS_CHAT_BROKEN "being repaired"
#define WORDS_PERSON_REQUEST "asks to write to you"
#define WORDS_PERSON_DECLINED "declined"
#define WORDS_PERSON_UNKNOWN "only in groups"
#define WORDS_DEVICES_ONE "%llu device"
#define WORDS_DEVICES_MANY "%llu devices"
#define WORDS_WHO "Who can read this chat: "
#define WORDS_WHO_END "nobody else"
#define WORDS_THIS_DEVICE "this one"
#define WORDS_DEVICE_SINCE "since %s"
#define WORDS_DEVICE_REMOVED "It is off your devices and reads nothing new."
#define WORDS_DEVICE_SEVERAL "kith: several devices begin like that; give more of the number"
#define WORDS_DEVICE_NONE "kith: you have no such device; `kith devices` lists them"

/* ---- Groups, requests, names ---- */
#define WORDS_GROUP_MADE "The group \"%s\" is there."
#define WORDS_GROUP_DONE "Done."
#define WORDS_IS_GROUP "kith: that is a group, and a person is needed"
#define WORDS_NOT_MEMBER "kith: nobody in that group is called \"%s\""
#define WORDS_ACCEPTED "You can write to each other now."
#define WORDS_DECLINED "Declined. Nobody is told."
#define WORDS_NO_REQUEST "kith: nobody called \"%s\" asks to write to you"
#define WORDS_RENAMED "Others see you as \"%s\" now."

/* ---- Alarms ---- */
#define WORDS_NO_ALARMS "Nothing was refused."
#define WORDS_ALARM_FILE "  Give this file to others as proof: %s\n"
#define WORDS_GOES_ON "Kith goes on. What waited is sent."
#define WORDS_STOPPED_SENDING                                                                        \
    "kith: STOPPED. Your Kith's list of devices was shown in two different forms. Nothing is sent\n" \
    "until you decide: `kith alarms` tells more, `kith alarms --go-on` goes on."
#define VERB_ALARMS_ARGUMENTS "[--go-on]"
#define VERB_ALARMS_LINE "tell what was refused, and what to do about it"
#define VERB_ALARMS_MORE                                                                           \
    "  --go-on   send again after Kith has stopped: when whoever runs it could explain it\n"

/* ---- Help of each verb: its arguments, what it does, more ---- */
#define VERB_JOIN_ARGUMENTS "LINK [--name NAME] [TEXT]"
#define VERB_JOIN_LINE "accept an invitation: makes your account when you have none"
#define VERB_JOIN_MORE                                                                             \
    "  --name NAME     what others call you; asked for when it is missing\n"                       \
    "  --device NAME   what you call this device; its host name when it is missing\n"              \
    "TEXT is the first message to whoever invited you.\n"
#define VERB_NEW_ARGUMENTS "LINK [--name NAME]"
#define VERB_NEW_LINE "make your account with the link of whoever runs your Kith"
#define VERB_INVITE_ARGUMENTS "[--qr]"
#define VERB_INVITE_LINE "print a link for somebody to talk to"
#define VERB_INVITE_MORE "  --qr   also draw it as a code for a camera\n"
#define VERB_LINK_ARGUMENTS "[CODE]"
#define VERB_LINK_LINE "add a device: first here without CODE, then there with the CODE it shows"
#define VERB_LINK_MORE                                                                             \
    "  --yes           the old device: say yes without asking\n"                                   \
    "  --name NAME     the new device: what you call it; its host name when it is missing\n"
#define VERB_SEND_ARGUMENTS "WHO [TEXT|-]"
#define VERB_SEND_LINE "send a message; - or no TEXT takes it from stdin"
#define VERB_SEND_MORE                                                                              \
    "  --once ID       the same ID again sends nothing again: for scripts that repeat themselves\n" \
    "  --wait STATE    wait until it is sent (the default), delivered or read\n"
#define VERB_READ_ARGUMENTS "[WHO] [--follow]"
#define VERB_READ_LINE "print a chat, or everything that is new"
#define VERB_READ_MORE                                                                             \
    "  --follow        go on with what comes\n"                                                    \
    "  --last N        how many messages of a chat; 50 when it is missing\n"                       \
    "  --keep-unread   do not tell anybody that you have read them\n"
#define VERB_CHAT_ARGUMENTS "WHO"
#define VERB_CHAT_LINE "talk: shows the chat as it goes, and sends each line you type"
#define VERB_CHAT_MORE "Enter sends, Ctrl-U empties the line, Ctrl-D ends.\n"
#define VERB_CHATS_LINE "list your chats, newest first"
#define VERB_PEOPLE_LINE "list the people you know"
#define VERB_WHO_ARGUMENTS "WHO"
#define VERB_WHO_LINE "say who can read a chat"
#define VERB_WHO_MORE "WHO is a name, or the number that `kith chats --json` shows.\n"
#define VERB_ACCEPT_LINE "let somebody who asks write to you"
#define VERB_DECLINE_LINE "do not let them; they are not told"
#define VERB_GROUP_ARGUMENTS "new TITLE WHO... | add GROUP WHO | remove GROUP WHO | leave GROUP"
#define VERB_GROUP_LINE "make and change groups"
#define VERB_GROUP_MORE                                                                            \
    "Whoever is added reads what is said from then on; whoever is removed, nothing more.\n"
#define VERB_DEVICES_ARGUMENTS "[remove ID]"
#define VERB_DEVICES_LINE "list your devices, or remove one that is lost"
#define VERB_DEVICES_MORE "ID is the number in front, or its beginning.\n"
#define VERB_NAME_ARGUMENTS "NEW"
#define VERB_NAME_LINE "change what others call you"
#define VERB_DAEMON_ARGUMENTS "[stop]"
#define VERB_DAEMON_LINE "run the part that works in the background in the foreground, or stop it"
#define VERB_DAEMON_MORE "It starts by itself whenever it is needed.\n"
#define VERB_RPC_LINE "pass lines of JSON-RPC from stdin on, and print what is answered"
#define VERB_RPC_MORE                                                                              \
    "For programs; docs/rpc.md has the methods. Ends when stdin has and all is answered.\n"
#define VERB_DOCTOR_LINE "say what works and what does not"
#define VERB_HELP_ARGUMENTS "[VERB]"
#define VERB_HELP_LINE "print this, or more about one verb"

/* What is meant by a failure: in general, and when it came from `method`. */
const char *words_fault(const char *method, rpc_kind kind);
/* What an alarm means and what to do. */
const char *words_alarm(const char *what);
/* About a parameter that the agent does not take. */
const char *words_field(const char *field);

#endif
