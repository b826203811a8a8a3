#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "attention/checkpoint/safetensors.h"
#include "tests/apps/training_data.h"

namespace fovea {
namespace {

using Json = nlohmann::json;

class Train : public TrainingData {};

TEST_F(Train, LearnsWhatIsEasy) {
  const Outcome outcome = train("-o run --epochs 5 --label-smoothing 0");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto rows = numbers_of(text("run/metrics.csv"));
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_LT(rows[4][3], rows[0][3] / 2);
  EXPECT_EQ(rows[4][4], 1);  // accuracy in training
  EXPECT_EQ(rows[4][6], 1);  // and of what is held out
  EXPECT_EQ(rows[4][1], 5 * (36 / 8));
  EXPECT_EQ(text("run/curves.png").substr(1, 3), "PNG");

  const Json record = Json::parse(text("run/training.json"));
  EXPECT_EQ(record.at("pictures"), Json({{"blue", 12}, {"green", 12}, {"red", 12}}));
  EXPECT_EQ(record.at("options").at("--epochs"), "5");
  EXPECT_EQ(record.at("held_out").at("split"), "test");

  const Outcome classified = run("$fovea classify data/test/green/1.ppm -m run -k 3 --json");
  ASSERT_EQ(classified.code, 0) << classified.err;
  const Json labels = Json::parse(classified.out).at("labels");
  ASSERT_EQ(labels.size(), 3u);
  EXPECT_EQ(labels[0].at("label"), "green");
}

TEST_F(Train, SameBitsForAnyThreadCount) {
  const std::string options =
      "--epochs 2 --ema 0.9 --mixup 0.2 --cutmix 1 --rand-augment 2,9 --random-erasing 0.5 --hue 0.1 "
      "--padding reflect ";
  ASSERT_EQ(train(options + "--threads 1 -o one").code, 0);
  ASSERT_EQ(train(options + "--threads 2 -o two").code, 0);
  EXPECT_EQ(text("one/model.safetensors"), text("two/model.safetensors"));
  EXPECT_EQ(metrics("one"), metrics("two"));
  const Json asked = Json::parse(text("one/training.json")).at("options");
  EXPECT_EQ(asked.at("--hue"), "0.1");
  EXPECT_EQ(asked.at("--padding"), "reflect");
  EXPECT_EQ(train(options + "--padding black -o black").code, 2);  // twice
  ASSERT_EQ(
      train("--epochs 2 --ema 0.9 --mixup 0.2 --cutmix 1 --rand-augment 2,9 --random-erasing 0.5 -o plain")
          .code,
      0);
  EXPECT_NE(text("one/model.safetensors"), text("plain/model.safetensors"));
  const Outcome wide = train("--crop-padding 16 --padding reflect -o wide");
  EXPECT_EQ(wide.code, 2);
  EXPECT_NE(wide.err.find("pad 16 cannot be reflected"), std::string::npos) << wide.err;
}

TEST_F(Train, MuonLearnsTheSameOnAnyThreads) {
  const std::string options = "--epochs 5 --optimizer muon --lr 0.01 --label-smoothing 0 ";
  ASSERT_EQ(train(options + "--threads 1 -o one").code, 0);
  ASSERT_EQ(train(options + "--threads 3 -o three").code, 0);
  EXPECT_EQ(text("one/model.safetensors"), text("three/model.safetensors"));
  const auto rows = numbers_of(text("one/metrics.csv"));
  EXPECT_LT(rows[4][3], rows[0][3] / 2);
  EXPECT_EQ(rows[4][6], 1);
  EXPECT_EQ(Json::parse(text("one/training.json")).at("options").at("--optimizer"), "muon");
}

TEST_F(Train, TheWorstWeightsNearbyTeachTheSameOnAnyThreads) {
  const std::string options = "--epochs 5 --label-smoothing 0 ";
  ASSERT_EQ(train(options + "--sharpness-aware 0.5 --threads 1 -o one").code, 0);
  ASSERT_EQ(train(options + "--sharpness-aware 0.5 --threads 2 -o two").code, 0);
  EXPECT_EQ(text("one/model.safetensors"), text("two/model.safetensors"));
  EXPECT_EQ(numbers_of(text("one/metrics.csv")).back()[6], 1);
  EXPECT_EQ(Json::parse(text("one/training.json")).at("options").at("--sharpness-aware"), "0.5");
  ASSERT_EQ(train(options + "-o plain").code, 0);
  EXPECT_NE(text("one/model.safetensors"), text("plain/model.safetensors"));
  // Runs from before there was such an option can be resumed.
  EXPECT_EQ(Json::parse(text("plain/training.json")).at("options").at("--sharpness-aware"), "");
  const Outcome probed = run(
      "$fovea train classify --data data -m one --freeze backbone --sharpness-aware 0.5 --epochs 2 -o probe");
  EXPECT_EQ(probed.code, 0) << probed.err;
  EXPECT_EQ(train("--sharpness-aware -1 -o wrong").code, 2);
}

TEST_F(Train, KilledAtAnyMomentItGoesOnAsIfNothingHadHappened) {
  const std::string options =
      "--epochs 30 --ema 0.9 --clip-norm 1 --mixup 0.2 --optimizer adamw --lr 0.01 --checkpoint-steps 3 ";
  ASSERT_EQ(train(options + "-o whole").code, 0);
  // Each time it is killed somewhere else; from nothing at first, then from wherever it was.
  for (const char* seconds : {"0.03", "0.07", "0.11", "0.19", "0.05"})
    run(kTrain + options + "-o cut --resume & pid=$!; sleep " + seconds + "; kill -9 $pid; wait $pid");
  const Outcome last = train(options + "-o cut --resume --threads 1");
  ASSERT_EQ(last.code, 0) << last.err;
  EXPECT_EQ(text("whole/model.safetensors"), text("cut/model.safetensors"));
  EXPECT_EQ(metrics("whole"), metrics("cut"));
  const Outcome again = train(options + "-o cut --resume");
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(text("whole/model.safetensors"), text("cut/model.safetensors"));
}

TEST_F(Train, AnInterruptSavesAndSaysHowToGoOn) {
  ASSERT_EQ(train("--epochs 120 -o whole --checkpoint-minutes 1000").code, 0);
  for (const auto& [signal, code] : {std::pair{"INT", 130}, std::pair{"TERM", 143}, std::pair{"HUP", 129}}) {
    const Outcome stopped =
        run("rm -rf cut; " + kTrain + "--epochs 120 -o cut --checkpoint-minutes 1000 -q & pid=$!\n" +
            "while [ ! -e cut/metrics.csv ]; do sleep 0.01; done; kill -" + signal + " $pid; wait $pid");
    ASSERT_EQ(stopped.code, code) << stopped.err;
    EXPECT_NE(stopped.err.find("go on with: fovea train classify"), std::string::npos) << stopped.err;
    EXPECT_NE(stopped.err.find("--resume\n"), std::string::npos) << stopped.err;
  }
  EXPECT_EQ(train("--epochs 120 -o cut --resume --checkpoint-minutes 1000").code, 0);
  EXPECT_EQ(text("whole/model.safetensors"), text("cut/model.safetensors"));
}

TEST_F(Train, GoesOnWhenItsTerminalClosesIfSoAsked) {
  const Outcome outcome =
      run("trap '' HUP; " + kTrain + "--epochs 20 -o run -q & pid=$!\n" +
          "while [ ! -e run/metrics.csv ]; do sleep 0.01; done; kill -HUP $pid; wait $pid");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(numbers_of(text("run/metrics.csv")).size(), 20u);
}

TEST_F(Train, ARunIsNotOverwrittenNorResumedAsAnother) {
  const Outcome anew = train("--epochs 1 -o new --resume");
  EXPECT_EQ(anew.code, 0);
  EXPECT_NE(anew.err.find("fovea: new: has nothing to resume; it starts from the beginning\n"),
            std::string::npos)
      << anew.err;
  ASSERT_EQ(train("--epochs 1 -o run").code, 0);
  const std::string model = text("run/model.safetensors");
  const Outcome there = train("--epochs 1 -o run");
  EXPECT_EQ(there.code, 2);
  EXPECT_NE(there.err.find("fovea: run: is there already; "), std::string::npos) << there.err;
  EXPECT_EQ(train("--epochs 1 -o ''").code, 2);
  const Outcome other = train("--epochs 1 -o run --resume --lr 0.2");
  EXPECT_EQ(other.code, 2);
  EXPECT_NE(other.err.find("--lr was 0.1 and is 0.2"), std::string::npos) << other.err;
  const Outcome varied = train("--epochs 1 -o run --resume --cutout 4");
  EXPECT_EQ(varied.code, 2);
  EXPECT_NE(varied.err.find("--cutout was 0 and is 4"), std::string::npos) << varied.err;
  folder.write("data/train/red/new.ppm", colour_ppm({200, 30, 30}, 99));
  const Outcome data = train("--epochs 1 -o run --resume");
  EXPECT_EQ(data.code, 2);
  EXPECT_NE(data.err.find("the data set has changed"), std::string::npos) << data.err;
  EXPECT_EQ(text("run/model.safetensors"), model);
  EXPECT_EQ(train("--epochs 1 -o run --force --seed 5").code, 0);
  EXPECT_NE(text("run/model.safetensors"), model);
}

// A run that is over can still be kept otherwise.
TEST_F(Train, AModelOfHalfTheSizeIsTheSameButForItsLastDigits) {
  ASSERT_EQ(train("--epochs 2 -o run").code, 0);
  const Safetensors exact(folder / "run/model.safetensors");
  const Outcome resumed = train("--epochs 2 -o run --resume --dtype f16");
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(Json::parse(text("run/config.json")).at("torch_dtype"), "float16");
  const Safetensors half(folder / "run/model.safetensors");
  ASSERT_EQ(half.names(), exact.names());
  for (const std::string& name : exact.names()) {
    EXPECT_EQ(half.dtype(name), Dtype::kF16) << name;
    const Tensor a = exact.read(name), b = half.read(name);
    for (int64_t i = 0; i < a.count(); ++i)
      ASSERT_NEAR(b.data()[i], a.data()[i], std::abs(a.data()[i]) / 2048 + 3e-8) << name;
  }
  const Outcome classified = run("$fovea classify data/test/green/1.ppm -m run");
  EXPECT_EQ(classified.code, 0) << classified.err;
  ASSERT_EQ(train("--epochs 2 -o at_once --dtype f16").code, 0);
  EXPECT_EQ(text("at_once/model.safetensors"), text("run/model.safetensors"));
  EXPECT_EQ(text("at_once/config.json"), text("run/config.json"));
}

TEST_F(Train, TwoRunsDoNotShareAFolder) {
  const std::string line = kTrain + "--epochs 1000 -o run --checkpoint-steps 1 -q";
  const Outcome second =
      run(line + " & pid=$!; while [ ! -e run/training_state.safetensors ]; do sleep 0.01; done; " + line +
          " --resume; code=$?; kill -9 $pid; wait $pid; exit $code");
  EXPECT_EQ(second.code, 2);
  EXPECT_NE(second.err.find("run: another run is writing there;"), std::string::npos) << second.err;
}

TEST_F(Train, ARunDoesNotSpoilWhatItIsMadeOf) {
  ASSERT_EQ(train("--epochs 1 -o run").code, 0);
  const std::string config = text("run/config.json");
  std::string other = text("vit/config.json");
  other.replace(other.find("\"num_hidden_layers\": "), 22, "\"num_hidden_layers\": 2");
  folder.write("vit/config.json", other);
  const Outcome resumed = train("--epochs 1 -o run --resume");
  EXPECT_EQ(resumed.code, 2);
  EXPECT_NE(resumed.err.find("the model's config has changed"), std::string::npos) << resumed.err;
  EXPECT_EQ(text("run/config.json"), config);

  const Outcome itself = run("$fovea train classify --data data -m run --epochs 1 -o run --force");
  EXPECT_EQ(itself.code, 2);
  EXPECT_EQ(itself.err, "fovea: run: is the model to go on from, and would be lost; choose another -o\n");
  for (const char* how : {"--force", "--resume"}) {  // nor over the config that it starts from
    folder.write("mine/config.json", text("vit/config.json"));
    const Outcome own =
        run(std::string("$fovea train classify --data data -m mine/config.json --epochs 1 -o mine ") + how);
    EXPECT_EQ(own.code, 2);
    EXPECT_NE(own.err.find("choose another -o"), std::string::npos) << own.err;
    EXPECT_EQ(text("mine/config.json"), text("vit/config.json"));
  }
  const Outcome inside = run("$fovea train classify --data data/train -m run --epochs 1 -o data/train/new");
  EXPECT_EQ(inside.code, 2);
  EXPECT_NE(inside.err.find("lies in the data"), std::string::npos) << inside.err;
  EXPECT_FALSE(std::filesystem::exists(folder / "data/train/new"));
  for (const std::string seed : {"-5", "99999999999999999999", "1.5", "x"})
    EXPECT_EQ(train("--epochs 1 -o seeded --seed " + seed).code, 2) << seed;
}

TEST_F(Train, WarmUpFollowsTheSchedule) {
  ASSERT_EQ(train("--epochs 1 -o base").code, 0);
  const auto warm_up = [&](const std::string& options) {
    EXPECT_EQ(run("$fovea train classify --data data --epochs 1 --force -o run " + options).code, 0);
    return Json::parse(text("run/training.json")).at("options").at("--warm-up");
  };
  EXPECT_EQ(warm_up("-m vit/config.json"), "0");  // one-cycle: three tenths
  EXPECT_EQ(warm_up("-m vit/config.json --schedule cosine"), "0.5");
  EXPECT_EQ(warm_up("-m base"), "0.5");
  EXPECT_EQ(warm_up("-m base --schedule one-cycle"), "0");
}

TEST_F(Train, AFrozenBackboneStaysAndTheClassifierLearns) {
  ASSERT_EQ(train("--epochs 3 -o base").code, 0);
  // Other names for the same: a classifier that is drawn anew.
  ASSERT_EQ(run("mkdir other && cp -r data/train/blue other/sky && cp -r data/train/red other/fire").code, 0);
  const std::string line =
      "$fovea train classify --data other -m base --freeze backbone --epochs 20 --lr 0.05 --batch 8 -o run";
  const Outcome outcome = run(line);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("each picture goes through the network once"), std::string::npos) << outcome.err;
  EXPECT_EQ(numbers_of(text("run/metrics.csv")).back()[6], 1);
  const Safetensors before(folder / "base/model.safetensors"), after(folder / "run/model.safetensors");
  int same = 0;
  for (const std::string& name : after.names()) {
    if (name.starts_with("classifier.")) continue;
    EXPECT_TRUE(std::ranges::equal(before.bytes(name), after.bytes(name))) << name;
    ++same;
  }
  EXPECT_GT(same, 10);
  // With augmentation every picture goes through the network each time, and the backbone stays as well.
  const Outcome varied = run(line + "2 --flip 0.5");
  ASSERT_EQ(varied.code, 0) << varied.err;
  EXPECT_EQ(varied.err.find("each picture goes through"), std::string::npos) << varied.err;
  const Outcome unknown = run("$fovea train classify --data other -m base --freeze hed -o run3");
  EXPECT_EQ(unknown.code, 2);
  EXPECT_NE(unknown.err.find("did you mean 'head'?"), std::string::npos) << unknown.err;
}

// By its config and its position embeddings, as other programs need it.
TEST_F(Train, OnPicturesOfAnotherSizeItIsSavedAsAModelOfThatSize) {
  ASSERT_EQ(train("--epochs 1 -o base").code, 0);
  const Outcome outcome =
      run("$fovea train classify --data data -m base --size 24 --epochs 1 --batch 8 -o run");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(Json::parse(text("base/config.json")).at("image_size"), 16);
  EXPECT_EQ(Json::parse(text("run/config.json")).at("image_size"), 24);
  const Safetensors saved(folder / "run/model.safetensors");
  EXPECT_EQ(saved.shape("vit.embeddings.position_embeddings"), (Shape{1, 1 + 3 * 3, 16}));
  const Outcome evaluated = run("$fovea eval classify --data data -m run --format json");
  ASSERT_EQ(evaluated.code, 0) << evaluated.err;
  EXPECT_NEAR(Json::parse(evaluated.out).at("loss").get<double>(),
              numbers_of(text("run/metrics.csv")).back()[5], 1e-6);
}

// Pictures whose folders say the wrong class, and a teacher that knows better.
TEST_F(Train, ATeacherIsBelievedAsMuchAsItsWeightSays) {
  ASSERT_EQ(train("--epochs 8 -o teacher").code, 0);
  ASSERT_EQ(
      run("cp -r data lies && cd lies/train && mv blue b && mv green blue && mv red green && mv b red").code,
      0);
  const std::string line =
      "$fovea train classify --data lies -m vit/config.json --batch 8 --epochs 8 --label-smoothing 0 "
      "--teacher teacher -o ";
  const Outcome told = run(line + "told --teacher-weight 1 --temperature 3");
  ASSERT_EQ(told.code, 0) << told.err;
  EXPECT_EQ(numbers_of(text("told/metrics.csv")).back()[4], 0);  // as the folders say
  EXPECT_EQ(numbers_of(text("told/metrics.csv")).back()[6], 1);  // of what is held out
  const Outcome untold = run(line + "untold --teacher-weight 0");
  ASSERT_EQ(untold.code, 0) << untold.err;
  EXPECT_EQ(numbers_of(text("untold/metrics.csv")).back()[4], 1);
  EXPECT_EQ(numbers_of(text("untold/metrics.csv")).back()[6], 0);
}

TEST_F(Train, SeveralTeachersSayTheMeanOfWhatEachSays) {
  ASSERT_EQ(train("--epochs 3 -o a").code, 0);
  ASSERT_EQ(train("--epochs 3 --seed 1 -o b").code, 0);
  const auto said = [&](const std::string& teachers, const std::string& to) {
    const Outcome outcome = train("--epochs 1 --progress plain " + teachers + " -o " + to);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return std::pair(outcome.err, Safetensors(folder.path() / to / "teacher.safetensors").read("logits"));
  };
  const Tensor by_a = said("--teacher a", "ra").second, by_b = said("--teacher b", "rb").second;
  const auto [told, both] = said("--teacher a --teacher b", "both");
  EXPECT_NE(told.find("teacher  72/72"), std::string::npos) << told;
  ASSERT_EQ(both.shape(), (Shape{36, 3}));
  for (int64_t i = 0; i < both.count(); ++i)
    EXPECT_NEAR(both.data()[i], (by_a.data()[i] + by_b.data()[i]) / 2, 1e-6);
  EXPECT_EQ(Json::parse(text("both/training.json")).at("options").at("--teacher"), "a b");

  const Outcome other = train("--epochs 1 --teacher b --teacher b -o both --resume");
  EXPECT_EQ(other.code, 2);
  EXPECT_NE(other.err.find("--teacher"), std::string::npos) << other.err;
}

TEST_F(Train, ATeacherIsAskedOnceAndARunGoesOnWithTheSameOne) {
  ASSERT_EQ(train("--epochs 3 -o teacher").code, 0);
  ASSERT_EQ(train("--epochs 3 --seed 1 -o other").code, 0);
  const std::string options =
      "--epochs 30 --mixup 0.2 --teacher teacher --optimizer adamw --checkpoint-steps 3 --progress plain ";
  const Outcome whole = train(options + "-o whole");
  ASSERT_EQ(whole.code, 0) << whole.err;
  EXPECT_NE(whole.err.find("teacher  36/36"), std::string::npos) << whole.err;
  for (const char* seconds : {"0.05", "0.1", "0.15"})
    run(kTrain + options + "-o cut --resume & pid=$!; sleep " + seconds + "; kill -9 $pid; wait $pid");
  while (!std::filesystem::exists(folder / "cut/training_state.safetensors"))
    run(kTrain + options + "-o cut --resume & pid=$!; sleep 0.3; kill -9 $pid; wait $pid");
  const Outcome last = train(options + "-o cut --resume --threads 1");
  ASSERT_EQ(last.code, 0) << last.err;
  EXPECT_EQ(last.err.find("teacher  36/36"), std::string::npos) << last.err;
  EXPECT_EQ(text("whole/model.safetensors"), text("cut/model.safetensors"));
  EXPECT_EQ(metrics("whole"), metrics("cut"));

  for (const char* change :
       {"cp teacher/model.safetensors kept && cp other/model.safetensors teacher/",
        "cp kept teacher/model.safetensors && sed -i 's/\"layer_norm_eps\": [^,]*/\"layer_norm_eps\": 0.1/' "
        "teacher/config.json && grep -q 'eps\": 0.1' teacher/config.json"}) {
    ASSERT_EQ(run(change).code, 0);
    const Outcome changed = train(options + "-o cut --resume");
    EXPECT_EQ(changed.code, 2);
    EXPECT_NE(changed.err.find("the teacher"), std::string::npos) << changed.err;
    EXPECT_NE(changed.err.find(" has changed"), std::string::npos) << changed.err;
  }
}

TEST_F(Train, ALinearProbeGoesOnWithTheBackboneThatItBeganWith) {
  ASSERT_EQ(train("--epochs 1 -o base").code, 0);
  ASSERT_EQ(train("--epochs 1 --seed 1 -o other").code, 0);
  const std::string line =
      "$fovea train classify --data data -m base --freeze backbone --epochs 60 --checkpoint-steps 1 ";
  ASSERT_EQ(run(line + "-o whole").code, 0);
  run(line +
      "-o cut & pid=$!; until [ -e cut/training_state.safetensors ]; do sleep 0.01; done; "
      "kill -9 $pid; wait $pid");
  ASSERT_EQ(run("cp other/model.safetensors base/").code, 0);
  const Outcome last = run(line + "-o cut --resume");
  ASSERT_EQ(last.code, 0) << last.err;
  EXPECT_EQ(text("whole/model.safetensors"), text("cut/model.safetensors"));
  EXPECT_EQ(metrics("whole"), metrics("cut"));
}

// A model that names every picture 'red' by its bias.
TEST_F(Train, EvaluationByHand) {
  ASSERT_EQ(train("--epochs 1 -o run").code, 0);
  const Safetensors file(folder / "run/model.safetensors");
  std::map<std::string, Tensor> values;
  for (const std::string& name : file.names()) values[name] = file.read(name);
  const Tensor weight = Tensor::full(values.at("classifier.weight").shape(), 0);
  values["classifier.weight"] = weight;
  values["classifier.bias"] = Tensor({3}, std::vector<float>{0, 1, 2});
  save_safetensors(folder / "run/model.safetensors", values);
  folder.write("data/test/blue/bad.png", "this is no picture");
  const Outcome outcome =
      run("$fovea eval classify --data data -m run --format json --save report --min-accuracy 0.3");
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  EXPECT_NE(outcome.err.find("data/test/blue/bad.png"), std::string::npos) << outcome.err;
  const Json report = Json::parse(outcome.out);
  EXPECT_EQ(report.at("pictures"), 12);
  EXPECT_EQ(report.at("top1").at("right"), 4);
  EXPECT_EQ(report.at("top5").at("right"), 12);
  const double log_sum = std::log(1 + std::exp(1) + std::exp(2));
  EXPECT_NEAR(report.at("loss").get<double>(), log_sum - 1, 1e-6);
  EXPECT_EQ(report.at("classes")[2].at("accuracy"), 1);
  EXPECT_EQ(report.at("classes")[0].at("accuracy"), 0);
  EXPECT_EQ(report.at("failures").size(), 1u);
  EXPECT_EQ(text("report/confusion.csv"), "class,blue,green,red\nblue,0,0,4\ngreen,0,0,4\nred,0,0,4\n");
  EXPECT_EQ(text("report/confusion.png").substr(1, 3), "PNG");

  EXPECT_EQ(outcome.err.find("has no split"), std::string::npos) << outcome.err;
  const Outcome whole = run("$fovea eval classify --data data/test -m run");
  EXPECT_NE(whole.err.find("data/test: has no split, so all of its 13 pictures"), std::string::npos)
      << whole.err;

  const Outcome again = run("$fovea eval classify --data data -m run --save report");
  EXPECT_EQ(again.code, 2);
  EXPECT_EQ(again.err,
            "fovea: --save: report/confusion.csv is there already; choose another folder, or add --force\n");
  EXPECT_EQ(run("$fovea eval classify --data data -m run --save report --force -q").code, 3);

  const Outcome below = run("$fovea eval classify --data data -m run --min-accuracy 0.5");
  EXPECT_EQ(below.code, 7);
  EXPECT_NE(below.out.find("33.33 %  (4 of 12; 95 % interval 13.81 to 60.94 %)"), std::string::npos)
      << below.out;
  const Outcome other = run("$fovea eval classify --data data -m vit");
  EXPECT_EQ(other.code, 2);
  EXPECT_NE(other.err.find("blue"), std::string::npos) << other.err;
}

}  // namespace
}  // namespace fovea
