#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <limits>

#include "attention/checkpoint/safetensors.h"
#include "tests/attention/checkpoint/files.h"

namespace fovea {
namespace {

std::map<std::string, Tensor> some_tensors() {
  std::vector<float> odd{0,
                         -0.0f,
                         std::numeric_limits<float>::denorm_min(),
                         std::numeric_limits<float>::infinity(),
                         std::bit_cast<float>(0x7FC12345u),
                         0.1f};
  return {{"layer.0.weight", Tensor({2, 3}, odd)},
          {"scalar", Tensor::full({}, 3)},
          {"empty", Tensor({4, 0})},
          {"\u5c42 \"quoted\"", Tensor::full({1, 1, 1, 1, 1, 5}, -7)}};
}

size_t files_in(const std::filesystem::path& folder) {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(SaveSafetensors, ComesBackBitForBit) {
  const Folder folder;
  const auto path = folder.path() / "out.safetensors";
  const auto tensors = some_tensors();
  save_safetensors(path, tensors, {{"format", "pt"}, {"note", "line\nbreak"}});
  const Safetensors file(path);
  EXPECT_EQ(file.names().size(), tensors.size());
  EXPECT_EQ(file.metadata().at("note"), "line\nbreak");
  for (const auto& [name, tensor] : tensors) {
    const Tensor back = file.read(name);
    ASSERT_EQ(back.shape(), tensor.shape()) << name;
    EXPECT_EQ(std::memcmp(back.data(), tensor.data(), static_cast<size_t>(4 * tensor.count())), 0) << name;
  }
}

TEST(SaveSafetensors, IsTheExpectedFile) {
  const Folder folder;
  const auto path = folder.path() / "out.safetensors";
  save_safetensors(path, {{"b", Tensor({2}, std::vector<float>{1, 2})}, {"a", Tensor::full({}, 0)}},
                   {{"k", "v"}});
  std::string header = R"({"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},)"
                       R"("b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  EXPECT_EQ(read_bytes(path), safetensors_bytes(header, std::string("\0\0\0\0\0\0\x80\x3F\0\0\0\x40", 12)));
}

TEST(SaveSafetensors, InHalfTheSize) {
  const Folder folder;
  const auto path = folder.path() / "out.safetensors";
  Tensor many({3, 50000});  // more than are converted at once
  for (int64_t i = 0; i < many.count(); ++i) many.mutable_data()[i] = static_cast<float>(i % 2048) / 64;
  many.mutable_data()[many.count() - 1] = 0.1f;
  for (const auto& [dtype, tenth] :
       {std::pair{Dtype::kF16, 0.0999755859375f}, {Dtype::kBF16, 0.10009765625f}}) {
    save_safetensors(path, {{"many", many}, {"scalar", Tensor::full({}, -3)}}, {}, dtype);
    const Safetensors file(path);
    EXPECT_EQ(file.dtype("many"), dtype);
    EXPECT_EQ(file.bytes("many").size(), 300000u);
    EXPECT_EQ(file.read("scalar").data()[0], -3);
    const Tensor back = file.read("many");
    ASSERT_EQ(back.shape(), many.shape());
    EXPECT_EQ(back.data()[back.count() - 1], tenth);
    for (int64_t i = 0; i + 1 < many.count(); ++i)
      ASSERT_NEAR(back.data()[i], many.data()[i], dtype == Dtype::kF16 ? 0 : many.data()[i] / 256) << i;
  }
}

TEST(SaveSafetensors, SameInputSameBytesAndNothingElseLeft) {
  const Folder folder;
  save_safetensors(folder.path() / "one.safetensors", some_tensors());
  save_safetensors(folder.path() / "two.safetensors", some_tensors());
  save_safetensors(folder.path() / "two.safetensors", some_tensors());  // over itself
  EXPECT_EQ(read_bytes(folder.path() / "one.safetensors"), read_bytes(folder.path() / "two.safetensors"));
  EXPECT_EQ(files_in(folder.path()), 2u);
}

TEST(SaveSafetensors, FailsWhole) {
  const Folder folder;
  const auto path = folder.write("kept.safetensors", "before");
  const auto expect_failure = [&](const std::map<std::string, Tensor>& tensors, const char* text) {
    const std::string message = message_of(path, [&] { save_safetensors(path, tensors); });
    EXPECT_NE(message.find(text), message.npos) << message;
  };
  expect_failure({{"none", Tensor()}}, "'none': it is no tensor");
  expect_failure({{"__metadata__", Tensor::full({}, 0)}}, "the format's own name");
  expect_failure({{"\xFF", Tensor::full({}, 0)}}, "not UTF-8");
  const std::string large = message_of(path, [&] {
    save_safetensors(path, {{"a", Tensor::full({70000}, 1e5f)}}, {}, Dtype::kF16);
  });
  EXPECT_NE(large.find("cannot save 'a' as F16: 100000 is beyond what it holds"), large.npos) << large;
  EXPECT_EQ(read_bytes(path), "before");

  const auto lost = folder.path() / "nowhere/out.safetensors";
  EXPECT_NE(message_of(lost, [&] { save_safetensors(lost, {}); }).find("No such file"), std::string::npos);
  const auto taken = folder.path() / "taken";  // the rename at the end fails
  std::filesystem::create_directory(taken);
  EXPECT_NE(message_of(taken, [&] { save_safetensors(taken, {}); }).find("directory"), std::string::npos);
  EXPECT_EQ(files_in(folder.path()), 2u);
}

}  // namespace
}  // namespace fovea
