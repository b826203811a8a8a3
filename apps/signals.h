#pragma once

namespace fovea {

// SIGPIPE ends the process quietly, even where a parent ignored that signal.
void let_pipes_break();

// SIGINT, SIGTERM and SIGHUP once: received_signal() says so, and the verb drains. Twice: the process ends,
// as it does at once without this call.
void catch_signals();
int received_signal();  // 0: none

// A file descriptor that can be read from once a signal came, for poll(); -1 before catch_signals().
int signal_descriptor();

}  // namespace fovea
