#include "apps/standard_input.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "apps/signals.h"

namespace fovea {

StandardInput::int_type StandardInput::underflow() {
  while (true) {
    pollfd waits[] = {{STDIN_FILENO, POLLIN, 0}, {signal_descriptor(), POLLIN, 0}};
    if (poll(waits, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return traits_type::eof();
    }
    if (waits[1].revents != 0) return traits_type::eof();
    const ssize_t count = read(STDIN_FILENO, buffer_.data(), buffer_.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count <= 0) return traits_type::eof();
    setg(buffer_.data(), buffer_.data(), buffer_.data() + count);
    return traits_type::to_int_type(*gptr());
  }
}

}  // namespace fovea
