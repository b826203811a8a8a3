#include "apps/signals.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <initializer_list>

namespace fovea {
namespace {

volatile std::sig_atomic_t received = 0;
int wake[2] = {-1, -1};

void remember(int number) {
  const int before = errno;
  received = number;
  [[maybe_unused]] const ssize_t written = write(wake[1], "", 1);
  errno = before;
}

}  // namespace

void let_pipes_break() {
  std::signal(SIGPIPE, SIG_DFL);
}

void catch_signals() {
  if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0) return;  // then signals end the process, as they always do
  struct sigaction action {};
  action.sa_handler = remember;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  for (int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    sigaction(number, nullptr, &before);
    if (number == SIGHUP && before.sa_handler == SIG_IGN) continue;  // as nohup asked
    sigaction(number, &action, nullptr);
  }
}

int received_signal() {
  return received;
}

int signal_descriptor() {
  return wake[0];
}

}  // namespace fovea
