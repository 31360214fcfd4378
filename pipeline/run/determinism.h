// What bits depend on besides input and settings, and what is refused so that they do not change.
#pragma once

#include "pipeline/run/context.h"

#include <string>

#include <nlohmann/json.hpp>

namespace ctforge::pipeline {

// While the object lives and `on`: LibTorch refuses operations that have no deterministic kernel (c10::Error), fills
// memory before it is used, cuDNN and oneDNN choose among deterministic kernels alone and without trying which is
// fastest, and cuBLAS has the fixed workspace that it needs for that (CUBLAS_WORKSPACE_CONFIG, unless it is set).
class Determinism {
 public:
  explicit Determinism(bool on);
  ~Determinism();
  Determinism(const Determinism&) = delete;
  Determinism& operator=(const Determinism&) = delete;

 private:
  bool algorithms_, warn_only_, cudnn_, mkldnn_, benchmark_;  // as it was before
};

// This program, the machine and how it is used, as the manifest has them: ctforge (version, commit, libtorch), device,
// machine (name of the processor, its vector instructions, those LibTorch uses, names of the GPUs, variables that
// change which are used), threads, processes, deterministic.
nlohmann::ordered_json maker(const Context& context, bool deterministic);

// Throws io::DataError(OtherConfiguration), naming what differs, where one of `before` is not the same as `now`: what
// it left would not go on to the bits of an undisturbed run.
void require_same_maker(const nlohmann::ordered_json& before, const nlohmann::ordered_json& now,
                        const std::string& stage);

}  // namespace ctforge::pipeline
