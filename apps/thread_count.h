#pragma once
#include <filesystem>
#include <optional>
#include <string_view>

namespace fovea {

// The whole CPUs that a cgroup v2 cpu.max allows, rounded up: "150000 100000" -> 2; "max 100000" -> nothing.
std::optional<int> cpus_of_quota(std::string_view cpu_max);

// The tightest quota from `group` ("/user.slice/x", as /proc/self/cgroup says) up to the root of the tree.
std::optional<int> cgroup_cpus(const std::filesystem::path& root, std::string_view group);

// How many threads to use: `asked` if positive, else $OMP_NUM_THREADS, else what affinity and cgroup allow.
int thread_count(int asked);

}  // namespace fovea
