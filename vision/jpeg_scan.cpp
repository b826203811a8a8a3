#include "vision/jpeg_scan.h"

#include <algorithm>
#include <array>
#include <vector>

namespace fovea {
namespace {

struct OutOfData {};  // the scan ended early
struct NotWalked {};  // something this walk does not follow

class Cursor {
 public:
  explicit Cursor(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  int byte() {
    if (at_ >= bytes_.size()) throw OutOfData();
    return bytes_[at_++];
  }
  int word() {
    const int high = byte();
    return high << 8 | byte();
  }
  size_t at() const { return at_; }
  void go(size_t at) { at_ = at; }

  int bit() {
    if (left_ == 0) {
      held_ = byte();
      if (held_ == 0xFF && byte() != 0) throw OutOfData();  // a marker
      left_ = 8;
    }
    return held_ >> --left_ & 1;
  }
  void skip_bits(int count) {
    for (; count > 0; --count) bit();
  }
  void restart() {
    left_ = 0;
    int c = byte();
    if (c != 0xFF) throw NotWalked();
    while (c == 0xFF) c = byte();
    if (c < 0xD0 || c > 0xD7) throw OutOfData();
  }

 private:
  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
  int held_ = 0, left_ = 0;
};

struct HuffmanTable {
  std::array<int, 16> count{};
  std::array<int, 256> symbol{};

  int decode(Cursor& in) const {  // canonical codes, as in ITU T.81 F.2.2.3
    int code = 0, first = 0, index = 0;
    for (int length = 0; length < 16; ++length) {
      code |= in.bit();
      if (code - first < count[length]) return symbol[index + code - first];
      index += count[length];
      first = (first + count[length]) << 1;
      code <<= 1;
    }
    throw NotWalked();
  }
};

struct Component {
  int id, across, down;  // sampling factors
  int dc = 0, ac = 0;    // tables
};

class ScanWalk {
 public:
  explicit ScanWalk(std::span<const uint8_t> bytes) : in_(bytes) {}
  void run() {
    in_.go(2);
    for (;;) {
      if (in_.byte() != 0xFF) throw NotWalked();
      int marker = 0xFF;
      while (marker == 0xFF) marker = in_.byte();
      const size_t start = in_.at();
      const int length = in_.word();
      switch (marker) {
        case 0xC0:
        case 0xC1:
          read_frame();
          break;
        case 0xC4:
          read_tables(start + static_cast<size_t>(length));
          break;
        case 0xDA:
          return walk_scan(start + static_cast<size_t>(length));
        case 0xDD:
          interval_ = in_.word();
          break;
        default:
          if (marker > 0xC0 && marker < 0xD0) throw NotWalked();  // another kind of frame
      }
      in_.go(start + static_cast<size_t>(length));
    }
  }

 private:
  void read_frame() {
    if (in_.byte() != 8) throw NotWalked();
    height_ = in_.word();
    width_ = in_.word();
    for (int count = in_.byte(); count > 0; --count) {
      const int id = in_.byte(), factors = in_.byte();
      in_.byte();
      components_.push_back({id, factors >> 4, factors & 15});
      if ((factors >> 4) == 0 || (factors & 15) == 0) throw NotWalked();
    }
  }

  void read_tables(size_t end) {
    while (in_.at() < end) {
      const int place = in_.byte();
      if ((place >> 4) > 1 || (place & 15) > 3) throw NotWalked();
      HuffmanTable& table = tables_[place >> 4][place & 15];
      table = {};
      int total = 0;
      for (int& count : table.count) total += count = in_.byte();
      if (total > 256) throw NotWalked();
      for (int i = 0; i < total; ++i) table.symbol[i] = in_.byte();
    }
  }

  void walk_block(const Component& c) {
    in_.skip_bits(tables_[0][c.dc].decode(in_));
    for (int k = 1; k < 64; ++k) {
      const int code = tables_[1][c.ac].decode(in_), zeros = code >> 4, size = code & 15;
      if (size == 0 && zeros < 15) return;
      k += zeros;
      in_.skip_bits(size);
    }
  }

  void walk_scan(size_t data) {
    if (components_.empty() || in_.byte() != static_cast<int>(components_.size())) throw NotWalked();
    int across = 1, down = 1;
    if (components_.size() == 1) components_[0].across = components_[0].down = 1;
    for (Component& c : components_) {
      if (in_.byte() != c.id) throw NotWalked();
      const int tables = in_.byte();
      c.dc = tables >> 4 & 3;
      c.ac = tables & 3;
      across = std::max(across, c.across);
      down = std::max(down, c.down);
    }
    in_.go(data);
    const auto pieces = [](int64_t side, int64_t size) { return (side + size - 1) / size; };
    const int64_t units = pieces(width_, 8 * across) * pieces(height_, 8 * down);
    for (int64_t unit = 0; unit < units; ++unit) {
      if (interval_ > 0 && unit > 0 && unit % interval_ == 0) in_.restart();
      for (const Component& c : components_)
        for (int block = 0; block < c.across * c.down; ++block) walk_block(c);
    }
  }

  Cursor in_;
  int64_t width_ = 0, height_ = 0;
  int interval_ = 0;
  std::vector<Component> components_;
  HuffmanTable tables_[2][4];  // DC, AC
};

}  // namespace

bool jpeg_scan_complete(std::span<const uint8_t> bytes) {
  try {
    ScanWalk(bytes).run();
  } catch (const OutOfData&) {
    return false;
  } catch (const NotWalked&) {
  }
  return true;
}

}  // namespace fovea
