#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/apps/tiny_vit.h"

namespace fovea {
namespace {

constexpr double kMegabyte = 1024;  // rusage counts in kilobytes

// Peak resident kilobytes of `fovea classify` on the pictures that the list names; 0 if it failed.
int64_t peak_of_classify(const TestFolder& folder, const std::string& list) {
  const pid_t child = fork();
  if (child == 0) {
    const int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDOUT_FILENO);
    if (chdir(folder.path().c_str()) == 0)
      execl(FOVEA_BINARY_DIR "/apps/fovea", "fovea", "classify", "--files-from", list.c_str(), "-m", "vit",
            "--threads", "2", "--format", "ndjson", static_cast<char*>(nullptr));
    _exit(127);
  }
  int status = -1;
  rusage used{};
  const bool ended = child > 0 && wait4(child, &status, 0, &used) == child;
  return ended && status == 0 ? used.ru_maxrss : 0;
}

std::string names(int count) {
  std::string list;
  for (int i = 0; i < count; ++i) list += std::to_string(i % 5) + ".ppm\n";
  return list;
}

TEST(PeakMemory, DoesNotGrowWithTheNumberOfPictures) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer keeps freed memory; run this in the dev or release preset";
#endif
  const TestFolder folder;
  write_tiny_vit(folder, "vit");
  for (int i = 0; i < 5; ++i) folder.write(std::to_string(i) + ".ppm", ppm(640 - 60 * i, 360 + 30 * i, i));
  folder.write("few", names(50));
  folder.write("many", names(1000));
  rusage own{};
  getrusage(RUSAGE_SELF, &own);
  const auto few = peak_of_classify(folder, "few"), many = peak_of_classify(folder, "many");
  ASSERT_GT(few, own.ru_maxrss) << "a child's peak is at least what its parent held; nothing was measured";
  ASSERT_GT(many, 0);
  std::cout << "peak resident: " << static_cast<double>(few) / kMegabyte << " MB on 50 pictures, "
            << static_cast<double>(many) / kMegabyte << " MB on 1,000\n";
  EXPECT_LE(static_cast<double>(many), 1.1 * static_cast<double>(few) + 8 * kMegabyte);
}

}  // namespace
}  // namespace fovea
