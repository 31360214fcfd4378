// The denoising U-Net.
#include "models/nets/unet.h"

#include "models/nets/k_levels.h"
#include "models/nets/skip_levels.h"
#include "models/nets/unet_plan.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace ctforge::nets {

using torch::Tensor;

namespace {

constexpr double kFourierScale = 16;  // standard deviation of the frequencies

const UNetConfig& validated(const UNetConfig& config) {
  validate(config);
  return config;
}

BlockOptions block_options(const UNetConfig& config) {
  return {.time_channels = config.time_channels(),
          .time_scale_shift = config.resnet_time_scale_shift,
          .norm_eps = config.norm_eps,
          .activation = config.act_fn,
          .dropout = config.dropout,
          .output_scale = 1};
}

// A level of the kind that Down or Up stands for.
template <class Plain, class Skip, class K>
void push_level(torch::nn::ModuleList& levels, LevelType type, const LevelShape& shape, const BlockOptions& options) {
  if (has_pyramid(type))
    levels->push_back(Skip(shape, options));
  else if (has_k_blocks(type))
    levels->push_back(K(shape, options));
  else
    levels->push_back(Plain(shape, options));
}

torch::nn::Conv2d convolution(std::int64_t in, std::int64_t out) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3).padding(1));
}

}  // namespace

UNetImpl::UNetImpl(UNetConfig config) : config_(validated(config)) {
  const UNetPlan shapes = plan(config_);
  const BlockOptions options = block_options(config_);
  const std::int64_t channels = config_.block_out_channels[0];
  smallest_side_ = shapes.smallest_side;
  needs_image_ = std::any_of(config_.down_block_types.begin(), config_.down_block_types.end(), has_pyramid);

  conv_in = register_module("conv_in", convolution(config_.in_channels, channels));
  make_embeddings();
  register_module("down_blocks", down_blocks);
  for (std::size_t i = 0; i < shapes.down.size(); ++i)
    push_level<DownLevel, SkipDownLevel, KDownLevel>(down_blocks, config_.down_block_types[i], shapes.down[i], options);
  if (config_.mid_block) {
    BlockOptions middle = options;
    middle.output_scale = config_.mid_block_scale_factor;
    mid_block = register_module("mid_block", MidBlock(shapes.middle, middle));
  }
  register_module("up_blocks", up_blocks);
  for (std::size_t i = 0; i < shapes.up.size(); ++i)
    push_level<UpLevel, SkipUpLevel, KUpLevel>(up_blocks, config_.up_block_types[i], shapes.up[i], options);
  conv_norm_out =
      register_module("conv_norm_out", GroupNorm(shapes.groups_out, channels, config_.norm_eps, Activation::Silu));
  conv_out = register_module("conv_out", convolution(channels, config_.out_channels));
}

void UNetImpl::make_embeddings() {
  const std::int64_t channels = config_.block_out_channels[0], time_channels = config_.time_channels();
  std::int64_t projected = channels;
  if (config_.time_embedding_type == TimeEmbeddingType::Fourier) {
    fourier_ = register_module("time_proj", FourierProjection(channels, kFourierScale));
    projected = 2 * channels;
  } else if (config_.time_embedding_type == TimeEmbeddingType::Learned) {
    learned_ = register_module("time_proj", LearnedProjection(config_.num_train_timesteps, channels));
  }
  time_embedding = register_module("time_embedding", TimestepEmbedding(projected, time_channels));
  if (config_.class_embed_type == ClassEmbedType::Timestep)
    class_embedding_ = register_module("class_embedding", TimestepEmbedding(projected, time_channels));
  else if (config_.class_embed_type == ClassEmbedType::Table && config_.num_class_embeds > 0)
    class_table_ = register_module("class_embedding", torch::nn::Embedding(config_.num_class_embeds, time_channels));
}

void UNetImpl::check_input(const Tensor& x, const Tensor& labels) const {
  const std::int64_t multiple = std::int64_t{1} << (config_.block_out_channels.size() - 1);
  const auto fits = [&](std::int64_t side) { return side % multiple == 0 && side >= smallest_side_; };
  if (x.dim() != 4 || x.size(1) != config_.in_channels || !fits(x.size(2)) || !fits(x.size(3)))
    throw std::invalid_argument("UNet: x must be [N," + std::to_string(config_.in_channels) +
                                ",H,W] with H and W multiples of " + std::to_string(multiple) + ", at least " +
                                std::to_string(smallest_side_));
  if (labels.defined() != config_.conditional())
    throw std::invalid_argument(labels.defined() ? "UNet: labels given to an unconditional network"
                                                 : "UNet: a class-conditional network needs labels");
  const bool vectors = config_.class_embed_type == ClassEmbedType::Identity;
  if (labels.defined() && (labels.dim() != (vectors ? 2 : 1) || (vectors && labels.size(1) != config_.time_channels())))
    throw std::invalid_argument("UNet: labels must be [N" +
                                (vectors ? "," + std::to_string(config_.time_channels()) + "]" : "]"));
}

Tensor UNetImpl::project(const Tensor& c_noise) {
  switch (config_.time_embedding_type) {
    case TimeEmbeddingType::Fourier:
      return fourier_(c_noise);
    case TimeEmbeddingType::Learned:
      return learned_(c_noise);
    case TimeEmbeddingType::Positional:
      break;
  }
  return sinusoidal_embedding(c_noise, config_.block_out_channels[0], config_.flip_sin_to_cos, config_.freq_shift);
}

Tensor UNetImpl::embed(const Tensor& c_noise, const Tensor& labels) {
  const Tensor embedding = time_embedding(project(c_noise));
  if (!labels.defined()) return embedding;
  switch (config_.class_embed_type) {
    case ClassEmbedType::Timestep:
      return embedding + class_embedding_(project(labels));
    case ClassEmbedType::Identity:
      return embedding + labels.to(embedding.scalar_type());
    case ClassEmbedType::Table:
      break;
  }
  return embedding + class_table_(labels);
}

Tensor UNetImpl::forward(const Tensor& x, const Tensor& c_noise, const Tensor& labels, const Tensor& added) {
  check_input(x, labels);
  const Tensor levels = c_noise.expand({x.size(0)});
  TimeVectors time;
  time.plain = embed(levels, labels);
  if (added.defined()) time.plain = time.plain + added;
  time.activated = activate(time.plain, config_.act_fn);  // once for all residual blocks
  const Tensor input = config_.center_input_sample ? 2 * x - 1 : x;
  Flow flow;
  if (needs_image_) flow.image = input;
  flow.hidden = conv_in(input);
  flow.skips = {flow.hidden};
  for (const auto& level : *down_blocks) level->as<LevelImpl>()->forward(flow, time, runner_);
  if (!mid_block.is_empty()) {
    const Block middle = [this](const std::vector<Tensor>& inputs) { return mid_block(inputs[0], inputs[1]); };
    flow.hidden = run_block(runner_, middle, {flow.hidden, time.activated});
  }
  flow.image = Tensor();  // from here on it is what the way up makes
  for (const auto& level : *up_blocks) level->as<LevelImpl>()->forward(flow, time, runner_);
  Tensor y = conv_out(conv_norm_out(flow.hidden));
  if (flow.image.defined()) y = y + flow.image;
  if (config_.time_embedding_type != TimeEmbeddingType::Fourier) return y;
  return (y / levels.view({-1, 1, 1, 1})).to(y.scalar_type());
}

}  // namespace ctforge::nets
