package io.moe4j.layers.decoder;

import io.moe4j.api.Stability;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.spi.SpiVersion;
import io.moe4j.api.tensor.DType;
import io.moe4j.autograd.model.LoraSpec;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.ModelContext;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.layers.block.FeedForwardSpec.Experts;
import io.moe4j.layers.unit.AdapterTargets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * A decoder: an embedding, pre-norm blocks, and a head. A model family creates such specs, from its flavors and from a {@code config.json}.
 *
 * @param name for people
 * @param vocabulary V
 * @param dim D, elements of a row of the residual stream
 * @param blocks in the order of the forward pass
 * @param tiedEmbedding whether the embedding is also the head's projection
 * @param normEps added to the mean squares of norms
 * @param maxSequence longest sequence, in tokens
 * @param predictionDepth modules for multi-token prediction, each with a block like the last one
 * @param commBackend id of the expert-parallel communication backend
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record DecoderSpec(String name, long vocabulary, long dim, List<BlockSpec> blocks, boolean tiedEmbedding,
        float normEps, long maxSequence, int predictionDepth, String commBackend) implements ModelSpec {

    public DecoderSpec {
        if (vocabulary < 1 || dim < 1 || blocks.isEmpty() || !(normEps > 0) || maxSequence < 1
                || predictionDepth < 0) {
            throw new IllegalArgumentException(name + ": vocabulary " + vocabulary + ", dim " + dim + ", "
                    + blocks.size() + " blocks, eps " + normEps + ", longest sequence " + maxSequence
                    + ", " + predictionDepth
                    + " modules for multi-token prediction: all must be positive, the last may be 0");
        }
        blocks = List.copyOf(blocks);
        List<Experts> kinds = experts(blocks).distinct().toList();
        if (kinds.size() > 1) {
            throw new IllegalArgumentException(name + ": blocks have different experts, " + kinds
                    + "; all blocks with experts must have equal ones, since they share their buffers");
        }
    }

    /** Without multi-token prediction. */
    public DecoderSpec(String name, long vocabulary, long dim, List<BlockSpec> blocks, boolean tiedEmbedding,
            float normEps, long maxSequence, String commBackend) {
        this(name, vocabulary, dim, blocks, tiedEmbedding, normEps, maxSequence, 0, commBackend);
    }

    /** The block of each module for multi-token prediction. */
    BlockSpec predictionBlock() {
        return blocks.getLast();
    }

    /** The numbers of the blocks that have experts, from 0. */
    public List<Integer> expertBlocks() {
        List<Integer> layers = new ArrayList<>();
        for (int layer = 0; layer < blocks.size(); layer++) {
            if (blocks.get(layer).feedForward().experts().isPresent()) {
                layers.add(layer);
            }
        }
        return layers;
    }

    @Override
    public Optional<MoeSpec> moe() {
        return experts(blocks).findFirst().map(experts -> new MoeSpec(experts.count(), experts.topK(), dim,
                experts.hidden(), expertLayers(), commBackend));
    }

    /** Layers with experts, those of modules for multi-token prediction included. */
    private int expertLayers() {
        return expertBlocks().size()
                + (predictionBlock().feedForward().experts().isPresent() ? predictionDepth : 0);
    }

    @Override
    public DecoderSpec withPredictionDepth(int depth) {
        return new DecoderSpec(name, vocabulary, dim, blocks, tiedEmbedding, normEps, maxSequence, depth, commBackend);
    }

    @Override
    public Optional<AttentionShape> attention(long batch, long sequence, DType dtype) {
        return Optional.of(blocks.getFirst().attention().shape(batch, sequence, dtype));
    }

    @Override
    public OptionalLong cacheBytesPerToken(DType dtype) {
        long elements = 0;
        for (BlockSpec block : blocks) {
            OptionalLong row = block.attention().cacheElements();
            if (row.isEmpty()) {
                return row;
            }
            elements += row.getAsLong();
        }
        return OptionalLong.of(elements * dtype.bytes());
    }

    @Override
    public String deviceSpi() {
        // Modules for multi-token prediction have labels that do not count at the end of each sequence, which came with 1.4.
        return Stream.concat(Stream.of(predictionDepth > 0 ? "1.4" : "1.0"), blocks.stream().distinct()
                .flatMap(block -> Stream.of(block.attention().deviceSpi(), block.feedForward().deviceSpi())))
                .max(Comparator.comparingInt(version -> SpiVersion.parse(version).minor())).orElseThrow();
    }

    @Override
    public boolean keepsDocumentsApart() {
        return blocks.stream().allMatch(block -> block.attention().keepsDocumentsApart());
    }

    @Override
    public boolean hasRouterLosses() {
        return moe().isPresent();
    }

    @Override
    public List<String> exportRemarks(boolean biasesMove) {
        return blocks.stream().map(BlockSpec::feedForward).distinct()
                .flatMap(feedForward -> feedForward.exportRemarks(biasesMove).stream()).distinct().toList();
    }

    @Override
    public DecoderSpec withMoeCommBackend(String id) {
        return new DecoderSpec(name, vocabulary, dim, blocks, tiedEmbedding, normEps, maxSequence, predictionDepth, id);
    }

    @Override
    public ModelFigures figures(long sequence) {
        return Figures.of(this, sequence);
    }

    @Override
    public List<String> adapterTargets() {
        return AdapterTargets.known(blocks.stream().distinct().flatMap(block -> block.matrices(dim)).toList());
    }

    @Override
    public ModelFigures figures(long sequence, LoraSpec lora) {
        requireTargets(lora);
        return Figures.of(this, sequence, lora);
    }

    /** @throws IllegalArgumentException if a target is unknown */
    void requireTargets(LoraSpec lora) {
        List<String> unknown = lora.targets().stream().filter(target -> !adapterTargets().contains(target)).toList();
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(name + " has no " + String.join(", ", unknown)
                    + "; low-rank updates can be of " + String.join(", ", adapterTargets()));
        }
    }

    @Override
    public List<String> problems(int expertParallelRanks, long sequence) {
        List<String> problems = new ArrayList<>();
        if (sequence < 1 || sequence > maxSequence) {
            problems.add("a sequence of " + sequence + " tokens: " + name + " takes 1 to " + maxSequence
                    + "; set training.seq_len within that");
        }
        Optional<MoeSpec> moe = moe();
        if (expertParallelRanks < 1) {
            problems.add("expert-parallel degree " + expertParallelRanks + ": it must be at least 1");
        } else if (moe.isEmpty() && expertParallelRanks > 1) {
            problems.add("expert-parallel degree " + expertParallelRanks + ": " + name
                    + " has no experts; set parallelism.expert_parallel_degree to 1");
        } else if (moe.isPresent() && moe.get().experts() % expertParallelRanks != 0) {
            problems.add("expert-parallel degree " + expertParallelRanks + " does not divide the "
                    + moe.get().experts() + " experts of " + name
                    + "; set parallelism.expert_parallel_degree to a divisor");
        }
        return List.copyOf(problems);
    }

    /** {@inheritDoc} */
    @Override
    public Model open(ModelContext context) {
        return Decoder.open(this, context);
    }

    private static Stream<Experts> experts(List<BlockSpec> blocks) {
        return blocks.stream().flatMap(block -> block.feedForward().experts().stream());
    }
}
