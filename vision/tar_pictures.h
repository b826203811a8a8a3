#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

#include "vision/picture_listing.h"

namespace fovea {

// The pictures of a tar archive, found in one pass. Of a plain one only the places are kept and bytes() reads
// the file; a compressed one (gzip, bzip2, xz, zstd, lz4, ...) is kept in memory. Names are only names here:
// nothing is ever written, and neither a leading '/' nor '..' means anything. Of two members of one name the
// later counts; symbolic links are passed over.
class TarPictures {
 public:
  static constexpr int64_t kMostKept = int64_t{2} << 30;  // bytes of a compressed archive's pictures
  explicit TarPictures(const std::filesystem::path& path, int64_t most_kept = kMostKept);
  ~TarPictures();
  TarPictures(const TarPictures&) = delete;
  TarPictures& operator=(const TarPictures&) = delete;

  const PictureListing& listing() const { return listing_; }
  std::vector<uint8_t> bytes(int64_t i) const;  // of listing().pictures[i]; from any thread

 private:
  struct Member {
    int64_t offset = 0, size = 0;
    std::vector<uint8_t> kept;
  };
  struct Reader;
  void add_entry(Reader& reader);
  void add_picture(Reader& reader, const std::string& name);
  void pass_over(const Reader& reader, const std::string& name);
  void add_hard_link(const std::string& name, const std::string& target);
  Member& member_called(const std::string& name);
  void keep(int64_t bytes);  // of compressed members; fails if they are too many
  [[noreturn]] void damaged(const std::string& reason) const;

  std::filesystem::path path_;
  int64_t most_kept_, kept_ = 0;
  int fd_ = -1;
  int64_t file_size_ = 0, end_ = 0;  // end_: of the last member that was seen
  PictureListing listing_;
  std::vector<Member> members_;
  // By name, while the archive is read. A link may lead to what is hidden, or no picture by its own name.
  std::unordered_map<std::string, size_t> places_;
  std::unordered_map<std::string, Member> passed_over_;  // offset -1: only reading it again would tell
};

}  // namespace fovea
