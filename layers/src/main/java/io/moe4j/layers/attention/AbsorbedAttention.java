package io.moe4j.layers.attention;

import io.moe4j.api.ops.AttentionOps;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Tape;
import io.moe4j.layers.block.CacheRows;
import io.moe4j.layers.rotary.Rotary;

/**
 * Latent attention over a cache of latents, without computing keys and values from them (DeepSeek-V2, 2024, section 2.1.2). A head's key is U·c, with
 * its up-projection U (N, C) and the latent c (C), N the elements that are not rotated. Its product with a query is q·(U·c) = (q·U)·c: one product maps the
 * query to the space of latents, instead of one for each latent that maps it to a key. A head's output Σ p·(W·c), with the up-projection W (V, C) of values,
 * is W·(Σ p·c).
 *
 * <p>So all heads attend over one shared head: a key is a row of the cache, which is the normalised latent followed by the rotated shared key, and a
 * value is the latent alone. A step over L tokens costs L · H · (2C + R) multiply-adds, and reads L · (C + R) elements.
 *
 * @param spec extents
 * @param up_OC the up-projections (H·(N + V), C): of each head those of keys, then those of values
 * @param cache the rows of the sequence
 */
record AbsorbedAttention(LatentAttention spec, Tensor up_OC, CacheRows cache) {

    /**
     * Writes the cache rows of this pass's tokens: their normalised latents (T, C), then the rotated shared keys, which follow the latents in
     * {@code projected} (T, C + R).
     */
    void keep(Tape tape, Tensor normed_TC, Tensor projected, Rotary rotary) {
        Tensor fresh = cache.fresh();
        tape.ops().elementwise().copy(tape.stream(), normed_TC, fresh.slice(1, 0, spec.latent()));
        cache.rotary(rotary).turn(tape, shared(projected), shared(fresh));
    }

    /** (T, H·Q) → (T, H·V). */
    Tensor attend(Tape tape, Tensor q, Rotary rotary) {
        long tokens = q.dim(0);
        long width = spec.latent() + spec.rotary().dim();
        Tensor q_THQ = q.view(tokens, spec.heads(), spec.queryKey());
        Tensor turned = q_THQ.slice(2, spec.nope(), spec.queryKey());
        Tensor taken = tape.temporary("activations", q.dtype(), tokens, spec.heads(), width);
        cache.rotary(rotary).turn(tape, turned, taken.slice(2, spec.latent(), width));
        Tensor attended = tape.temporary("activations", q.dtype(), tokens, spec.heads(), spec.latent());
        Tensor o = tape.temporary("activations", q.dtype(), tokens, spec.heads() * spec.value());
        for (long h = 0; h < spec.heads(); h++) {
            tape.ops().matmul().matmul(tape.stream(), Matmul.of(head(q_THQ, h).slice(1, 0, spec.nope()), keyUp(h),
                    head(taken, h).slice(1, 0, spec.latent())));
        }
        Tensor all_L1C = cache.all().strided(new long[] {cache.all().dim(0), 1, width},
                new long[] {cache.all().stride(0), width, 1});
        tape.ops().attention().decode(tape.stream(), AttentionOps.Decode.of(spec.softmaxScale(), taken, all_L1C,
                all_L1C.slice(2, 0, spec.latent()), attended));
        for (long h = 0; h < spec.heads(); h++) {
            tape.ops().matmul().matmul(tape.stream(), Matmul.ofTransposedB(head(attended, h), valueUp(h),
                    head(o.view(tokens, spec.heads(), spec.value()), h)));
        }
        return o;
    }

    /** (T, ·): one head of all tokens. */
    private static Tensor head(Tensor tensor_THn, long h) {
        Tensor one = tensor_THn.slice(1, h, h + 1);
        return one.strided(new long[] {one.dim(0), one.dim(2)}, new long[] {one.stride(0), 1});
    }

    private Tensor keyUp(long h) {
        long first = h * (spec.nope() + spec.value());
        return up_OC.slice(0, first, first + spec.nope());
    }

    private Tensor valueUp(long h) {
        long first = h * (spec.nope() + spec.value()) + spec.nope();
        return up_OC.slice(0, first, first + spec.value());
    }

    /** (T, 1, R): the columns after the latent. */
    private Tensor shared(Tensor rows) {
        Tensor columns = rows.slice(1, spec.latent(), rows.dim(1));
        return columns.strided(new long[] {columns.dim(0), 1, columns.dim(1)},
                new long[] {columns.stride(0), columns.dim(1), 1});
    }
}
