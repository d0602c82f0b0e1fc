package io.moe4j.layers.attention;

import io.moe4j.api.ops.AttentionOps;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.function.AttentionCall;
import io.moe4j.autograd.function.Functions;
import io.moe4j.autograd.model.ModelContext;
import io.moe4j.layers.block.BlockBuilder;
import io.moe4j.layers.block.CacheRows;
import io.moe4j.layers.block.CachedLayer;
import io.moe4j.layers.block.CurrentDocuments;
import io.moe4j.layers.block.Layer;
import io.moe4j.layers.rotary.Rotary;
import io.moe4j.layers.unit.Linear;
import io.moe4j.layers.unit.RmsNorm;

/** Grouped-query attention of one block: projections and head norms around {@linkplain Functions#attention attention}. */
final class GroupedQueryLayer implements CachedLayer {
    private final GroupedQueryAttention spec;
    private final ModelContext context;
    private final Rotary rotary;
    private final CurrentDocuments documents;
    private final Layer queries;
    private final Layer keys;
    private final Linear values_OD;
    private final Linear output_DO;

    GroupedQueryLayer(GroupedQueryAttention spec, BlockBuilder block) {
        this.spec = spec;
        this.context = block.context();
        this.rotary = block.rotary().of(spec.rotary());
        this.documents = block.documents();
        this.queries = normed(block, "query", "q", spec.heads());
        this.keys = normed(block, "key", "k", spec.keyHeads());
        this.values_OD = block.linear("attention.value", "self_attn.v_proj.weight",
                spec.keyHeads() * spec.headDim(), block.dim());
        this.output_DO = block.output("attention.output", "self_attn.o_proj.weight", spec.heads() * spec.headDim());
    }

    @Override
    public Variable forward(Tape tape, Variable x_TD) {
        Rotary placed = rotary.within(documents.now());
        Variable q = turned(tape, placed, "queries", queries.forward(tape, x_TD), spec.heads());
        Variable k = turned(tape, placed, "keys", keys.forward(tape, x_TD), spec.keyHeads());
        Variable v = values_OD.forward(tape, x_TD);
        AttentionShape shape = spec.shape(context.batch(), context.sequence(), x_TD.tensor().dtype());
        AttentionCall call = AttentionCall.of("grouped-query attention", shape, spec.softmaxScale())
                .withDocuments(documents.now());
        return output_DO.forward(tape, Functions.attention(tape, call, q, k, v));
    }

    private static Variable turned(Tape tape, Rotary placed, String what, Variable x, long heads) {
        return tape.apply(new Turned(what, placed, x, heads, 0), x);
    }

    /** A row of the cache holds the rotated keys of all key heads, then their values. */
    @Override
    public Variable forward(Tape tape, Variable x_TD, CacheRows cache) {
        long width = spec.keyHeads() * spec.headDim();
        Tensor fresh = cache.fresh();
        Rotary turned = cache.rotary(rotary);
        Tensor q_THQ = heads(queries.forward(tape, x_TD).tensor(), spec.heads());
        turned.turn(tape, q_THQ, q_THQ);
        turned.turn(tape, heads(keys.forward(tape, x_TD).tensor(), spec.keyHeads()),
                heads(fresh.slice(1, 0, width), spec.keyHeads()));
        tape.ops().elementwise().copy(tape.stream(), values_OD.forward(tape, x_TD).tensor(),
                fresh.slice(1, width, 2 * width));
        Tensor o = tape.temporary("activations", q_THQ.dtype(), q_THQ.dim(0), spec.heads() * spec.headDim());
        tape.ops().attention().decode(tape.stream(), AttentionOps.Decode.of(spec.softmaxScale(), q_THQ,
                heads(cache.all().slice(1, 0, width), spec.keyHeads()),
                heads(cache.all().slice(1, width, 2 * width), spec.keyHeads()), heads(o, spec.heads())));
        return output_DO.forward(tape, tape.input(o, false));
    }

    /** (T, n·Q) as (T, n, Q); rows may have a stride. */
    private Tensor heads(Tensor tensor, long count) {
        return tensor.strided(new long[] {tensor.dim(0), count, spec.headDim()},
                new long[] {tensor.stride(0), spec.headDim(), 1});
    }

    /** (T, D) → (T, heads · Q), in its own memory, because {@link Turned} rotates it in place. */
    private Layer normed(BlockBuilder block, String name, String letter, long heads) {
        Linear linear = block.linear("attention." + name, "self_attn." + letter + "_proj.weight",
                heads * spec.headDim(), block.dim());
        if (!spec.headNorms()) {
            return linear::forward;
        }
        RmsNorm norm = block.norm("attention." + name + "_norm", "self_attn." + letter + "_norm.weight",
                spec.headDim(), block.eps());
        return (tape, x_TD) -> {
            Variable y = linear.forward(tape, x_TD);
            return tape.apply(new HeadNorm(y, norm), y);
        };
    }
}
