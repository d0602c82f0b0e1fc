package io.moe4j.model.deepseek;

import io.moe4j.api.Stability;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.ModelContext;
import io.moe4j.autograd.model.ModelSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * DeepSeek-V3 (DeepSeek-AI, "DeepSeek-V3 Technical Report", 2024), in any size.
 *
 * @param name for people
 * @param vocabulary V
 * @param dim D, of the residual stream
 * @param layers number of blocks
 * @param denseLayers how many of them, from the first, have a dense feed-forward part
 * @param attention of every block
 * @param dense feed-forward part of the first blocks
 * @param experts that of the others; present if there are others
 * @param normEps added to the mean squares of norms
 * @param maxSequence longest sequence, in tokens
 * @param commBackend id of the expert-parallel communication backend
 */
@Stability(Stability.Level.EVOLVING)
public record DeepSeekV3Spec(String name, long vocabulary, long dim, int layers, int denseLayers,
        AttentionSpec attention, FeedForward.Dense dense, Optional<FeedForward.MixtureOfExperts> experts,
        float normEps, long maxSequence, String commBackend) implements ModelSpec {

    public DeepSeekV3Spec {
        if (vocabulary < 1 || dim < 1 || layers < 1 || denseLayers < 0 || denseLayers > layers || !(normEps > 0)
                || maxSequence < 1) {
            throw new IllegalArgumentException(name + ": vocabulary " + vocabulary + ", dim " + dim + ", layers "
                    + layers + " (" + denseLayers + " dense), eps " + normEps + ", longest sequence " + maxSequence
                    + ": all must be positive, and the dense layers 0 to all of them");
        }
        if (experts.isPresent() != denseLayers < layers) {
            throw new IllegalArgumentException(name + ": " + denseLayers + " of " + layers + " layers are dense, but "
                    + (experts.isPresent() ? "experts are given" : "no experts are given")
                    + "; give experts if, and only if, some layers have them");
        }
    }

    /** The feed-forward part of block {@code layer}, from 0. */
    public FeedForward feedForward(int layer) {
        return layer < denseLayers ? dense : experts.orElseThrow();
    }

    @Override
    public Optional<MoeSpec> moe() {
        return experts.map(moe -> new MoeSpec(moe.experts(), moe.gate().topK(), dim, moe.hidden(),
                layers - denseLayers, commBackend));
    }

    @Override
    public Optional<AttentionShape> attention(long batch, long sequence, DType dtype) {
        return Optional.of(new AttentionShape(batch, sequence, attention.heads(), attention.queryKey(),
                attention.value(), dtype));
    }

    @Override
    public DeepSeekV3Spec withMoeCommBackend(String id) {
        return new DeepSeekV3Spec(name, vocabulary, dim, layers, denseLayers, attention, dense, experts, normEps,
                maxSequence, id);
    }

    @Override
    public ModelFigures figures(long sequence) {
        return Figures.of(this, sequence);
    }

    @Override
    public List<String> problems(int expertParallelRanks, long sequence) {
        List<String> problems = new ArrayList<>();
        if (sequence < 1 || sequence > maxSequence) {
            problems.add("a sequence of " + sequence + " tokens: " + name + " takes 1 to " + maxSequence
                    + "; set training.seq_len within that");
        }
        if (expertParallelRanks < 1) {
            problems.add("expert-parallel degree " + expertParallelRanks + ": it must be at least 1");
        } else if (experts.isEmpty() && expertParallelRanks > 1) {
            problems.add("expert-parallel degree " + expertParallelRanks + ": " + name
                    + " has no experts; set parallelism.expert_parallel_degree to 1");
        } else if (experts.isPresent() && experts.get().experts() % expertParallelRanks != 0) {
            problems.add("expert-parallel degree " + expertParallelRanks + " does not divide the "
                    + experts.get().experts() + " experts of " + name
                    + "; set parallelism.expert_parallel_degree to a divisor");
        }
        return List.copyOf(problems);
    }

    /** {@inheritDoc} */
    @Override
    public Model open(ModelContext context) {
        return DeepSeekV3Model.open(this, context);
    }
}
