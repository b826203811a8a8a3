#include "apps/thread_count.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/apps/test_folder.h"

namespace fovea {
namespace {

TEST(ThreadCount, QuotaIsRoundedUp) {
  EXPECT_EQ(cpus_of_quota("200000 100000"), 2);
  EXPECT_EQ(cpus_of_quota("150000 100000\n"), 2);
  EXPECT_EQ(cpus_of_quota("1000 100000"), 1);
  for (const char* none : {"max 100000", "", "200000", "0 100000", "5 0", "x y"})
    EXPECT_EQ(cpus_of_quota(none), std::nullopt) << none;
}

TEST(ThreadCount, TightestGroupOnTheWayUpCounts) {
  TestFolder root;
  root.write("a/b/cpu.max", "800000 100000");
  root.write("a/cpu.max", "300000 100000");
  root.write("c/cpu.max", "max 100000");
  EXPECT_EQ(cgroup_cpus(root / "", "/a/b"), 3);
  EXPECT_EQ(cgroup_cpus(root / "", "/c"), std::nullopt);
  EXPECT_EQ(cgroup_cpus(root / "", "/"), std::nullopt);
}

TEST(ThreadCount, FlagThenEnvironmentThenMachine) {
  setenv("OMP_NUM_THREADS", "3,2", 1);
  EXPECT_EQ(thread_count(5), 5);
  EXPECT_EQ(thread_count(0), 3);
  setenv("OMP_NUM_THREADS", "many", 1);
  const int machine = thread_count(0);
  unsetenv("OMP_NUM_THREADS");
  EXPECT_EQ(thread_count(0), machine);
  EXPECT_GE(machine, 1);
}

}  // namespace
}  // namespace fovea
