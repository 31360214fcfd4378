// What the codec alone costs: real patches encoded and decoded again, with no diffusion between.
#pragma once

#include "eval/patch_set.h"
#include "models/diffusion/codec.h"
#include "pipeline/run/context.h"

#include <optional>
#include <string>

namespace ctforge::pipeline {

struct LossyCodec {
  diffusion::Codec codec;
  std::string sha256;  // of the autoencoder's weights
};

// The codec of the generator in OUT/checkpoints. Nothing where there is none, none that can be used, or one that loses
// nothing.
std::optional<LossyCodec> find_lossy_codec(const Context& context);

// The same patches after a round trip through the codec, which is made whenever their pixels are fetched: HU of the
// decoded image within the set's window, labels of the decoded mask.
eval::PatchSet reconstructed(const eval::PatchSet& real, const diffusion::Codec& codec);

}  // namespace ctforge::pipeline
