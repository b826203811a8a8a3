#include "attention/checkpoint/checkpoint.h"

#include <gtest/gtest.h>

#include "attention/checkpoint/safetensors.h"
#include "tests/attention/checkpoint/files.h"

namespace fovea {
namespace {

void write_shards(const Folder& folder) {
  save_safetensors(folder.path() / "one.safetensors",
                   {{"a", Tensor::full({2, 3}, 1)}, {"b", Tensor::full({3}, 2)}});
  save_safetensors(folder.path() / "two.safetensors", {{"c", Tensor::full({4}, 3)}});
}

std::string failure(const Folder& folder, const std::filesystem::path& file, const std::string& index) {
  folder.write("model.safetensors.index.json", index);
  return message_of(file, [&] { (void)Checkpoint::open(folder.path()); });
}

TEST(Checkpoint, OneFileOrItsFolder) {
  const Folder folder;
  save_safetensors(folder.path() / "model.safetensors",
                   {{"a", Tensor::full({2, 3}, 1)}, {"b", Tensor::full({}, 2)}});
  for (const auto& path : {folder.path(), folder.path() / "model.safetensors"}) {
    const Checkpoint checkpoint = Checkpoint::open(path);
    EXPECT_EQ(checkpoint.path(), path);
    EXPECT_EQ(checkpoint.names(), (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(checkpoint.has("a"));
    EXPECT_FALSE(checkpoint.has("c"));
    EXPECT_EQ(checkpoint.shape("a"), (Shape{2, 3}));
    EXPECT_EQ(checkpoint.shapes(), (std::map<std::string, Shape>{{"a", {2, 3}}, {"b", {}}}));
    EXPECT_EQ(checkpoint.read("b").values()[0], 2);
    EXPECT_EQ(checkpoint.parameter_count(), 7);
    EXPECT_EQ(checkpoint.bytes(), 28);
    EXPECT_NE(message_of(path, [&] { (void)checkpoint.read("c"); }).find("no tensor 'c'"), std::string::npos);
  }
}

TEST(Checkpoint, Shards) {
  const Folder folder;
  write_shards(folder);
  folder.write(
      "model.safetensors.index.json",
      R"({"metadata":{"total_size":52},"weight_map":{"a":"one.safetensors","b":"one.safetensors","c":"two.safetensors"}})");
  const Checkpoint checkpoint = Checkpoint::open(folder.path());
  EXPECT_EQ(checkpoint.names(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(checkpoint.read("b").values()[2], 2);
  EXPECT_EQ(checkpoint.read("c").values()[3], 3);
  EXPECT_EQ(checkpoint.read_rows("a", 1, 2).shape(), (Shape{1, 3}));
  EXPECT_EQ(checkpoint.parameter_count(), 13);
}

TEST(Checkpoint, ShardsThatDoNotFitTheirIndex) {
  const Folder folder;
  write_shards(folder);
  const std::string missing =
      failure(folder, folder.path() / "three.safetensors", R"({"weight_map":{"a":"three.safetensors"}})");
  EXPECT_NE(missing.find("missing"), missing.npos) << missing;
  const std::string absent =
      failure(folder, folder.path() / "two.safetensors", R"({"weight_map":{"a":"two.safetensors"}})");
  EXPECT_NE(absent.find("tensor 'a'"), absent.npos) << absent;
}

TEST(Checkpoint, IndexThatCannotBe) {
  const Folder folder;
  write_shards(folder);
  const std::string nested(100, '[');
  const std::pair<std::string, const char*> cases[] = {
      {"", "not valid JSON"},
      {"{", "not valid JSON"},
      {"[]", "no weight_map"},
      {R"({"metadata":{"total_size":1e999},"weight_map":{"a":"one.safetensors"}})", "not valid JSON"},
      {R"({"weight_map":{"\u009b31m\u202e\u00e9":1}})", "tensor '?31m?\xC3\xA9'"},
      {R"({"weight_map":{}})", "no weight_map"},
      {R"({"weight_map":["a"]})", "no weight_map"},
      {R"({"weight_map":{"a":1}})", "no file name for tensor 'a'"},
      {R"({"weight_map":{"a":"one.safetensors","a":"two.safetensors"}})", "'a' stands twice"},
      {R"({"metadata":{"x":)" + nested, "nested"},
      {R"({"weight_map":{"a":""}})", "not a plain file name"},
      {R"({"weight_map":{"a":".."}})", "not a plain file name"},
      {R"({"weight_map":{"a":"../one.safetensors"}})", "not a plain file name"},
      {R"({"weight_map":{"a":"/etc/passwd"}})", "not a plain file name"},
      {R"({"weight_map":{"a":"x\\one.safetensors"}})", "not a plain file name"},
      {R"({"weight_map":{"a":"one.safetensors\u0000"}})", "not a plain file name"},
  };
  for (const auto& [index, expected] : cases) {
    const std::string message = failure(folder, folder.path() / "model.safetensors.index.json", index);
    EXPECT_NE(message.find(expected), message.npos) << message;
  }
}

TEST(Checkpoint, WhatIsNoCheckpoint) {
  const Folder folder;
  const auto open = [](const std::filesystem::path& path) {
    return message_of(path, [&] { (void)Checkpoint::open(path); });
  };
  EXPECT_NE(open(folder.path()).find("neither model.safetensors nor model.safetensors.index.json"),
            std::string::npos);
  EXPECT_NE(open(folder.write("pytorch_model.bin", "")).find("not a .safetensors file"), std::string::npos);
  EXPECT_NE(open(folder.path()).find("convert it to safetensors"), std::string::npos);
  EXPECT_NE(open(folder.path() / "missing").find("no such file or folder"), std::string::npos);
}

TEST(Checkpoint, ShardedFixture) {
  const std::filesystem::path loader = std::filesystem::path(FOVEA_SOURCE_DIR) / "../shared/fixtures/loader";
  if (!std::filesystem::exists(loader)) GTEST_SKIP() << loader << " is not on this machine";
  const Checkpoint checkpoint = Checkpoint::open(loader / "vit_sharded");
  EXPECT_EQ(checkpoint.bytes(), 21044);  // total_size of the index; it holds names of both shards
  EXPECT_EQ(checkpoint.parameter_count(), 5261);
  for (const std::string& name : checkpoint.names())
    EXPECT_EQ(checkpoint.read(name).shape(), checkpoint.shape(name));
}

}  // namespace
}  // namespace fovea
