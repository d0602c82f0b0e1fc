package io.moe4j.autograd.sharding;

import io.moe4j.api.group.RankContext;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The gradients of a unit while operations contribute to them. Contributions are summed in F32: in the shard itself, if it is F32 and the only one, otherwise
 * in a temporary buffer. If the only shard has another type, the first microbatch writes the gradients of parameters
 * {@linkplain Parameter#withOneContribution with one contribution} directly into it: nothing is added to them, so that they are rounded once either way. The
 * buffer then holds the other parameters only. Products write bf16 where they multiply bf16 or numbers with scales; those that multiply F32 write F32, so
 * that their gradients are summed in the buffer too.
 *
 * <p>Example: bf16 gradients of one block's experts, 554 million elements. Through an F32 buffer, the products would write 2.2 GB, and a conversion would
 * read them and write 1.1 GB. Directly, the products write 1.1 GB.
 */
final class OpenGradients {
    private final FlatLayout layout;
    private final Tensor shard;
    private final Microbatch microbatch;
    private final Kind kind;
    private final FlatLayout summed;
    private @Nullable Tensor flat;
    private boolean beside;

    private enum Kind {
        /** All are summed in the shard. */
        IN_SHARD,
        /** All are summed in a buffer. */
        IN_BUFFER,
        /** Some are written in the shard, the others are summed in a buffer. */
        IN_BOTH
    }

    private OpenGradients(FlatLayout layout, Tensor shard, Microbatch microbatch, Kind kind, FlatLayout summed) {
        this.layout = layout;
        this.shard = shard;
        this.microbatch = microbatch;
        this.kind = kind;
        this.summed = summed;
    }

    /**
     * Not yet open.
     *
     * @param compute the type of activations and of gathered values
     * @param alone whether this shard is the only one, so that it has all elements
     */
    static OpenGradients of(FlatLayout layout, Tensor shard, DType compute, boolean alone, Microbatch microbatch) {
        List<Parameter> rest = layout.parameters().stream().filter(parameter -> !parameter.isContributedOnce()
                || (shard.dtype() != compute && parameter.scaledType().isEmpty())).toList();
        if (alone && shard.dtype().isSinglePrecision()) {
            return new OpenGradients(layout, shard, microbatch, Kind.IN_SHARD, layout);
        }
        return alone && microbatch.isFirst() && rest.size() < layout.parameters().size()
                ? new OpenGradients(layout, shard, microbatch, Kind.IN_BOTH, new FlatLayout(rest, 1))
                : new OpenGradients(layout, shard, microbatch, Kind.IN_BUFFER, layout);
    }

    /**
     * Gives each parameter its place in the buffer, if one is needed.
     *
     * @param room the buffer, if the gradients are reduced on the communication stream; otherwise a buffer is allocated in the innermost open scope
     */
    void open(RankContext rank, Optional<Tensor> room) {
        boolean buffered = kind != Kind.IN_SHARD && summed.elements() > 0;
        beside = room.isPresent();
        flat = buffered
                ? room.orElseGet(() -> rank.memory().allocate("gathered gradients", DType.F32, summed.elements()))
                : shard;
        Tensor whole = kind == Kind.IN_BUFFER ? flat() : shard;
        layout.gaps().forEach(gap -> rank.stream().fill(whole.slice(0, gap.from(), gap.to()), 0));
        boolean continues = kind == Kind.IN_SHARD && !microbatch.isFirst();
        for (int i = 0; i < layout.parameters().size(); i++) {
            Parameter parameter = layout.parameters().get(i);
            int inBuffer = summed.parameters().indexOf(parameter);
            Tensor part = inBuffer >= 0 ? summed.part(flat(), inBuffer) : layout.part(shard, i);
            parameter.bindGradient(part.view(parameter.shape()), continues);
        }
    }

    /** Whether they are reduced on the communication stream. */
    boolean isBeside() {
        return beside;
    }

    /** All elements, in F32: only where all are summed in one place. */
    Tensor flat() {
        return Optional.ofNullable(flat).orElseThrow(() -> new IllegalStateException("gradients are not open"));
    }

    /** Visits the gradients that were summed outside the shard, each with its place in the shard. */
    void forEachConverted(BiConsumer<Tensor, Tensor> visitor) {
        switch (kind) {
            case IN_SHARD -> {}
            case IN_BUFFER -> visitor.accept(flat(), shard);
            case IN_BOTH -> {
                for (int i = 0; i < summed.parameters().size(); i++) {
                    int inShard = layout.parameters().indexOf(summed.parameters().get(i));
                    visitor.accept(summed.part(flat(), i), layout.part(shard, inShard));
                }
            }
        }
    }
}
