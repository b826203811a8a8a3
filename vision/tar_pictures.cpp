#include "vision/tar_pictures.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

#include "attention/base/error.h"
#include "vision/decode.h"

namespace fovea {
namespace {

constexpr int64_t kBlock = 512;

using Archive = std::unique_ptr<archive, decltype(&archive_read_free)>;

// Only what is decoded inside this process: libarchive would start programs for the other compressions.
Archive make_archive() {
  Archive a(archive_read_new(), archive_read_free);
  archive_read_support_format_tar(a.get());
  archive_read_support_filter_gzip(a.get());
  archive_read_support_filter_bzip2(a.get());
  archive_read_support_filter_xz(a.get());
  archive_read_support_filter_lzma(a.get());
  archive_read_support_filter_zstd(a.get());
  archive_read_support_filter_lz4(a.get());
  archive_read_support_filter_compress(a.get());
  return a;
}

std::string reason_of(archive* a) {
  const char* text = archive_error_string(a);
  return text ? text : "unknown reason";
}

// "./a//b/" -> "a/b".
std::string plain_name(const char* name) {
  std::string out;
  const std::string text = name ? name : "";
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('/', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    if (!part.empty() && part != ".") out += (out.empty() ? "" : "/") + part;
    begin = end + 1;
  }
  return out;
}

}  // namespace

struct TarPictures::Reader {
  archive* a;
  archive_entry* entry = nullptr;
  // Without a locale, names in UTF-8 come out of the second function only.
  std::string name() const {
    const char* text = archive_entry_pathname(entry);
    return plain_name(text ? text : archive_entry_pathname_utf8(entry));
  }
  const char* hard_link() const {
    const char* text = archive_entry_hardlink(entry);
    return text ? text : archive_entry_hardlink_utf8(entry);
  }
  bool compressed() const { return archive_filter_code(a, 0) != ARCHIVE_FILTER_NONE; }
  bool sparse() const { return archive_entry_sparse_reset(entry) > 0; }
};

TarPictures::TarPictures(const std::filesystem::path& path, int64_t most_kept)
    : path_(path), most_kept_(most_kept) {
  struct stat status {};
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe must not block
  if (fd < 0)
    fail(in_quotes(path.string()), ": the archive cannot be opened (", std::generic_category().message(errno),
         "); check the path and its permissions");
  const std::unique_ptr<const int, void (*)(const int*)> closing(&fd, [](const int* f) { ::close(*f); });
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
    fail(in_quotes(path.string()), ": this is not a file; name a tar archive or a folder of pictures");
  file_size_ = status.st_size;
  const Archive a = make_archive();
  Reader reader{a.get()};
  int code = archive_read_open_fd(a.get(), fd, 1 << 20);
  for (bool first = true;; first = false) {
    if (code == ARCHIVE_OK) code = archive_read_next_header(a.get(), &reader.entry);
    if (code == ARCHIVE_EOF) break;
    if (code != ARCHIVE_OK && code != ARCHIVE_WARN) {
      if (!first) damaged(reason_of(a.get()));
      fail(in_quotes(path.string()), ": this is not a tar archive, or not a complete copy of one (",
           reason_of(a.get()), "); name a folder of pictures, or a tar of one");
    }
    code = ARCHIVE_OK;
    add_entry(reader);
  }
  if (!reader.compressed() && end_ + kBlock > file_size_) damaged("it ends without its end mark");
  places_.clear();
  passed_over_.clear();
  fd_ = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (fd_ < 0) fail(in_quotes(path.string()), ": ", std::generic_category().message(errno));
}

TarPictures::~TarPictures() {
  if (fd_ >= 0) ::close(fd_);
}

void TarPictures::add_entry(Reader& reader) {
  const std::string name = reader.name();
  const auto type = archive_entry_filetype(reader.entry);
  const int64_t size = archive_entry_size(reader.entry);
  if (!reader.compressed()) {
    const int64_t at = archive_filter_bytes(reader.a, 0);
    end_ = type == AE_IFREG ? at + (size + kBlock - 1) / kBlock * kBlock : at;
    if (size < 0 || size > file_size_ || end_ > file_size_)
      damaged("member " + in_quotes(name) + " reaches past the end of the file");
  }
  if (name.empty()) return;
  const char* const target = reader.hard_link();
  if (is_hidden(name) || !is_picture(name)) {
    if (type == AE_IFREG && !target) pass_over(reader, name);
    if (type == AE_IFDIR && !is_hidden(name)) listing_.folders.push_back(name);
    if (type == AE_IFREG && !is_hidden(name)) listing_.others.push_back(name);
  } else if (target) {
    add_hard_link(name, plain_name(target));
  } else if (type == AE_IFREG) {
    add_picture(reader, name);
  }
}

TarPictures::Member& TarPictures::member_called(const std::string& name) {
  const auto [place, added] = places_.try_emplace(name, members_.size());
  if (!added) return members_[place->second];
  listing_.pictures.push_back(name);
  return members_.emplace_back();
}

void TarPictures::add_picture(Reader& reader, const std::string& name) {
  Member& member = member_called(name);
  kept_ -= static_cast<int64_t>(member.kept.size());
  member = {archive_filter_bytes(reader.a, 0), archive_entry_size(reader.entry), {}};
  if (!reader.compressed() && !reader.sparse()) return;
  const void* data;
  size_t size;
  la_int64_t offset;
  int code;
  while ((code = archive_read_data_block(reader.a, &data, &size, &offset)) == ARCHIVE_OK) {
    const int64_t grown = offset + static_cast<int64_t>(size) - static_cast<int64_t>(member.kept.size());
    if (offset < 0 || grown < 0) damaged("member " + in_quotes(name) + " goes backwards");
    keep(grown);
    member.kept.resize(static_cast<size_t>(offset));
    const auto* bytes = static_cast<const uint8_t*>(data);
    member.kept.insert(member.kept.end(), bytes, bytes + size);
  }
  if (code != ARCHIVE_EOF) damaged(reason_of(reader.a));
}

void TarPictures::pass_over(const Reader& reader, const std::string& name) {
  const bool here = !reader.compressed() && !reader.sparse();
  passed_over_[name] = {here ? archive_filter_bytes(reader.a, 0) : -1, archive_entry_size(reader.entry), {}};
}

void TarPictures::add_hard_link(const std::string& name, const std::string& target) {
  const auto found = places_.find(target);
  const auto other = passed_over_.find(target);
  if (found == places_.end() && other == passed_over_.end())
    damaged("member " + in_quotes(name) + " is a link to " + in_quotes(target) + ", which is not before it");
  if (found == places_.end() && other->second.offset < 0)
    fail(in_quotes(path_.string()), ": member ", in_quotes(name), " is a link to ", in_quotes(target),
         ", which is hidden, or no picture by its name; unpack the archive first (tar xf)");
  const Member same = found == places_.end() ? other->second : members_[found->second];
  keep(static_cast<int64_t>(same.kept.size()));
  Member& member = member_called(name);
  kept_ -= static_cast<int64_t>(member.kept.size());
  member = same;
}

void TarPictures::keep(int64_t bytes) {
  kept_ += bytes;
  if (kept_ > most_kept_)
    fail(in_quotes(path_.string()), ": its pictures take more than ", most_kept_ >> 20,
         " MB of memory, in which a compressed archive is kept; unpack it first (tar xf), or keep it as a "
         "plain .tar");
}

void TarPictures::damaged(const std::string& reason) const {
  fail(in_quotes(path_.string()), ": the archive is damaged or not complete (", reason,
       "); get a complete copy");
}

std::vector<uint8_t> TarPictures::bytes(int64_t i) const {
  const Member& member = members_.at(static_cast<size_t>(i));
  if (!member.kept.empty()) return member.kept;
  std::vector<uint8_t> out(static_cast<size_t>(std::min(member.size, DecodeOptions().max_bytes + 1)));
  for (size_t done = 0; done < out.size();) {
    const ssize_t n = ::pread(fd_, out.data() + done, out.size() - done,
                              static_cast<off_t>(member.offset + static_cast<int64_t>(done)));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) damaged("the file has become shorter since it was opened");
    done += static_cast<size_t>(n);
  }
  return out;
}

}  // namespace fovea
