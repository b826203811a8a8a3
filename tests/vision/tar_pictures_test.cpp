#include "vision/tar_pictures.h"

#include <algorithm>
#include <fstream>

#include "tests/support/temp_folder.h"
#include "tests/vision/picture_data.h"
#include "vision/decode.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

std::string why_not(const fs::path& path, int64_t most = TarPictures::kMostKept) {
  return complaint([&] { TarPictures tar(path, most); });
}

TEST(TarPictures, HoldsTheSameBytesForEveryCompression) {
  const TempFolder folder;
  const DataFiles files = small_data();
  for (const int filter : {ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_BZIP2, ARCHIVE_FILTER_XZ,
                           ARCHIVE_FILTER_ZSTD, ARCHIVE_FILTER_LZ4}) {
    const fs::path path = folder.path() / ("data.tar." + std::to_string(filter));
    write_tar(path, files, filter);
    const TarPictures tar(path);
    ASSERT_EQ(tar.listing().pictures.size(), files.size());
    for (size_t i = 0; i < files.size(); ++i) {
      EXPECT_EQ(tar.listing().pictures[i], files[i].name);
      EXPECT_EQ(tar.bytes(static_cast<int64_t>(i)), files[i].bytes) << files[i].name << ", filter " << filter;
    }
  }
}

TEST(TarPictures, NamesAreOnlyNames) {
  const TempFolder folder;
  const fs::path path = folder.path() / "data.tar";
  const std::string deep = std::string(150, 'd') + "/" + std::string(120, 'e') + ".png";  // a pax header
  write_tar(path, {{"/fovea_absolute/a.png", png(1)},
                   {"../../fovea_up/b.png", png(2)},
                   {"./x//y/c.PNG", png(3)},
                   {"x/.hidden.png", png(4)},
                   {".git/d.png", png(5)},
                   {"x/notes.txt", png(6)},
                   {"kätzchen/ü.png", png(7)},
                   {deep, png(8)},
                   {"empty/"}});
  const TarPictures tar(path);
  EXPECT_EQ(tar.listing().pictures, (std::vector<std::string>{"fovea_absolute/a.png", "../../fovea_up/b.png",
                                                              "x/y/c.PNG", "kätzchen/ü.png", deep}));
  EXPECT_EQ(tar.listing().folders, std::vector<std::string>{"empty"});
  EXPECT_EQ(tar.bytes(1), png(2));
  EXPECT_EQ(tar.bytes(4), png(8));
  EXPECT_FALSE(fs::exists("/fovea_absolute"));
  EXPECT_FALSE(fs::exists("../../fovea_up"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
}

TEST(TarPictures, LaterMembersReplaceEarlierOnesAndLinksShareTheirTarget) {
  const TempFolder folder;
  for (const int filter : {ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP}) {
    const fs::path path = folder.path() / "data.tar";
    write_tar(path,
              {{"x/a.png", png(1)}, {"x/b.png", png(2)}, {"x/a.png", png(3)}, {"x/c.png", {}, "x/b.png"}},
              filter);
    const TarPictures tar(path);
    EXPECT_EQ(tar.listing().pictures, (std::vector<std::string>{"x/a.png", "x/b.png", "x/c.png"}));
    EXPECT_EQ(tar.bytes(0), png(3));
    EXPECT_EQ(tar.bytes(2), png(2));
  }
}

TEST(TarPictures, LinksMayLeadToWhatIsPassedOver) {
  const TempFolder folder;
  const fs::path plain = folder.path() / "data.tar", packed = folder.path() / "data.tgz";
  const DataFiles files = {
      {".cache/3f", png(1)}, {"x/note", png(2)}, {"x/a.png", {}, ".cache/3f"}, {"x/b.png", {}, "x/note"}};
  write_tar(plain, files);
  write_tar(packed, files, ARCHIVE_FILTER_GZIP);
  const TarPictures tar(plain);
  EXPECT_EQ(tar.listing().pictures, (std::vector<std::string>{"x/a.png", "x/b.png"}));
  EXPECT_EQ(tar.listing().others, std::vector<std::string>{"x/note"});
  EXPECT_EQ(tar.bytes(0), png(1));
  EXPECT_EQ(tar.bytes(1), png(2));
  EXPECT_NE(why_not(packed).find("which is hidden, or no picture by its name; unpack"), std::string::npos);
  write_tar(plain, {{"x/a.png", {}, ".cache/3f"}, {".cache/3f", png(1)}});
  EXPECT_NE(why_not(plain).find("which is not before it"), std::string::npos);
}

TEST(TarPictures, RefusesAnArchiveThatWasCutAnywhere) {
  const TempFolder folder;
  const fs::path path = folder.path() / "data.tar";
  for (const int filter : {ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_ZSTD}) {
    write_tar(path, small_data(), filter);
    std::ifstream in(path, std::ios::binary);
    const std::vector<uint8_t> whole{std::istreambuf_iterator<char>(in), {}};
    // libarchive fills a plain archive up with zeros, which nobody misses.
    const size_t end = filter != ARCHIVE_FILTER_NONE ? whole.size() : 12 * 2 * 512;
    for (size_t size = 600; size < end; size += 512) {
      write_bytes(path, {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
      const std::string why = why_not(path);
      EXPECT_NE(why.find("data.tar"), std::string::npos) << size;
      EXPECT_NE(why.find("complete copy"), std::string::npos) << size << ": " << why;
    }
  }
}

TEST(TarPictures, SeesAFileThatShrinksLater) {
  const TempFolder folder;
  const fs::path path = folder.path() / "data.tar";
  write_tar(path, small_data());
  const TarPictures tar(path);
  fs::resize_file(path, 2000);
  EXPECT_EQ(tar.bytes(0), small_data()[0].bytes);
  EXPECT_NE(complaint([&] { tar.bytes(11); }).find("shorter"), std::string::npos);
}

TEST(TarPictures, AMemberThatIsTooLargeIsNotReadToItsEnd) {
  const TempFolder folder;
  const fs::path path = folder.path() / "data.tar";
  const int64_t limit = DecodeOptions().max_bytes;
  write_tar(path, {{"x/a.png", std::vector<uint8_t>(512)}, {"x/b.png", {1, 2, 3}}});
  // The first one's size, in octal, and the sum of its header's bytes; its data become a hole.
  std::ifstream file(path, std::ios::binary);
  const std::string tar{std::istreambuf_iterator<char>(file), {}};
  std::string large = tar.substr(0, 512);
  snprintf(large.data() + 124, 12, "%011llo", static_cast<unsigned long long>(2 * limit));
  std::fill_n(large.begin() + 148, 8, ' ');
  unsigned sum = 0;
  for (const char c : large) sum += static_cast<unsigned char>(c);
  snprintf(large.data() + 148, 8, "%06o", sum);
  std::ofstream(path, std::ios::binary) << large;
  fs::resize_file(path, 512 + static_cast<uintmax_t>(2 * limit));
  std::ofstream(path, std::ios::app | std::ios::binary) << tar.substr(1024);
  const TarPictures pictures(path);
  EXPECT_EQ(std::ssize(pictures.bytes(0)), limit + 1);
  EXPECT_EQ(pictures.bytes(1), (std::vector<uint8_t>{1, 2, 3}));
}

TEST(TarPictures, KeepsACompressedArchiveWithinItsLimit) {
  const TempFolder folder;
  const fs::path plain = folder.path() / "data.tar", packed = folder.path() / "data.tgz";
  const DataFiles files = {{"x/a.png", std::vector<uint8_t>(3 << 20)},
                           {"x/b.png", std::vector<uint8_t>(3 << 20)}};
  write_tar(plain, files);
  write_tar(packed, files, ARCHIVE_FILTER_GZIP);
  EXPECT_EQ(why_not(plain, 0), "");
  EXPECT_EQ(why_not(packed, 6 << 20), "");
  EXPECT_NE(why_not(packed, 4 << 20).find("more than 4 MB"), std::string::npos);
  EXPECT_NE(why_not(packed, 4 << 20).find("unpack it first"), std::string::npos);
}

TEST(TarPictures, CountsWhatHardLinksKeep) {
  const TempFolder folder;
  const fs::path plain = folder.path() / "data.tar", packed = folder.path() / "data.tgz";
  const DataFiles files = {{"x/a.png", std::vector<uint8_t>(1 << 20)},
                           {"x/b.png", {}, "x/a.png"},
                           {"x/c.png", {}, "x/a.png"},
                           {"x/c.png", {}, "x/b.png"}};  // in place of the one before
  write_tar(plain, files);
  write_tar(packed, files, ARCHIVE_FILTER_GZIP);
  EXPECT_EQ(why_not(plain, 0), "");
  EXPECT_EQ(why_not(packed, 4 << 20), "");
  EXPECT_NE(why_not(packed, 2 << 20).find("more than 2 MB"), std::string::npos);
}

TEST(TarPictures, RefusesWhatIsNoTar) {
  const TempFolder folder;
  EXPECT_NE(why_not(folder.path() / "absent.tar").find("cannot be opened"), std::string::npos);
  EXPECT_NE(why_not(folder.path()).find("not a file"), std::string::npos);
  write_bytes(folder.path() / "empty.tar", {});
  EXPECT_NE(why_not(folder.path() / "empty.tar").find("not a tar"), std::string::npos);
  write_bytes(folder.path() / "picture.tar", png(1));
  EXPECT_NE(why_not(folder.path() / "picture.tar").find("not a tar"), std::string::npos);
}

}  // namespace
}  // namespace fovea
