#include "apps/thread_count.h"

#include <tbb/info.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <string>

namespace fovea {
namespace {

constexpr int64_t kMostThreads = 1024;

std::string first_line(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::optional<int> environment_threads() {
  const char* text = std::getenv("OMP_NUM_THREADS");  // may be a list, one number a nesting level
  if (!text) return std::nullopt;
  const std::string_view view(text);
  int64_t count = 0;
  std::from_chars(view.data(), view.data() + view.size(), count);
  if (count < 1) return std::nullopt;
  return static_cast<int>(std::min(count, kMostThreads));
}

std::optional<int> own_cgroup_cpus() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("0::")) return cgroup_cpus("/sys/fs/cgroup", std::string_view(line).substr(3));
  return std::nullopt;
}

}  // namespace

std::optional<int> cpus_of_quota(std::string_view cpu_max) {
  int64_t quota = 0, period = 0;
  const char* const end = cpu_max.data() + cpu_max.size();
  const auto first = std::from_chars(cpu_max.data(), end, quota);
  if (first.ec != std::errc() || first.ptr == end) return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, period);
  if (second.ec != std::errc() || quota <= 0 || period <= 0) return std::nullopt;
  return static_cast<int>(std::min((quota - 1) / period + 1, kMostThreads));
}

std::optional<int> cgroup_cpus(const std::filesystem::path& root, std::string_view group) {
  std::optional<int> least;
  std::filesystem::path at = std::filesystem::path(group).relative_path();
  while (true) {
    const std::optional<int> here = cpus_of_quota(first_line(root / at / "cpu.max"));
    if (here) least = std::min(*here, least.value_or(*here));
    if (at.empty()) return least;
    at = at.parent_path();
  }
}

int thread_count(int asked) {
  if (asked > 0) return asked;
  if (const std::optional<int> count = environment_threads()) return *count;
  const int affinity = tbb::info::default_concurrency();
  return std::max(1, std::min(affinity, own_cgroup_cpus().value_or(affinity)));
}

}  // namespace fovea
