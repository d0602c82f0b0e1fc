package io.moe4j.layers.attention;

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

/** Multi-head latent attention of one block: projections around {@linkplain Functions#attention attention}. */
final class LatentAttentionLayer implements CachedLayer {
    private final LatentAttention spec;
    private final ModelContext context;
    private final Rotary rotary;
    private final CurrentDocuments documents;
    private final Layer queries;
    private final Linear latent_CD;
    private final RmsNorm latentNorm_C;
    private final Linear keysValues_OC;
    private final Linear output_DO;

    LatentAttentionLayer(LatentAttention spec, BlockBuilder block) {
        this.spec = spec;
        this.context = block.context();
        this.rotary = block.rotary().of(spec.rotary());
        this.documents = block.documents();
        this.queries = queries(block);
        this.latent_CD = block.linear("attention.latent", "self_attn.kv_a_proj_with_mqa.weight",
                spec.latent() + spec.rotary().dim(), block.dim());
        this.latentNorm_C = block.norm("attention.latent_norm", "self_attn.kv_a_layernorm.weight", spec.latent(),
                spec.latentEps());
        this.keysValues_OC = block.linear("attention.keys_values", "self_attn.kv_b_proj.weight",
                spec.heads() * (spec.nope() + spec.value()), spec.latent());
        this.output_DO = block.output("attention.output", "self_attn.o_proj.weight", spec.heads() * spec.value());
    }

    @Override
    public Variable forward(Tape tape, Variable x_TD) {
        Rotary placed = rotary.within(documents.now());
        Variable projected = queries.forward(tape, x_TD);
        Variable q = tape.apply(new Turned("queries", placed, projected, spec.heads(), spec.nope()), projected);
        Variable latent = latent_CD.forward(tape, x_TD);
        Variable keysValues = keysValues_OC.forward(tape, latentNorm_C.forward(tape, latent));
        AttentionShape shape = spec.shape(context.batch(), context.sequence(), x_TD.tensor().dtype());
        Variable k = tape.apply(new LatentKeys(spec, placed, keysValues, latent), keysValues, latent);
        // Backward writes the columns of values of the gradient with respect to keysValues, and LatentKeys the others.
        AttentionCall call = AttentionCall.of("latent attention", shape, spec.softmaxScale())
                .withDocuments(documents.now()).withValues(tensor -> values(shape, tensor));
        return output_DO.forward(tape, Functions.attention(tape, call, q, k, keysValues));
    }

    @Override
    public Variable forward(Tape tape, Variable x_TD, CacheRows cache) {
        Tensor latent_TC = latent_CD.forward(tape, x_TD).tensor();
        AbsorbedAttention absorbed = new AbsorbedAttention(spec, keysValues_OC.weight_OI().value(), cache);
        absorbed.keep(tape, latentNorm_C.forward(tape, tape.input(latent_TC, false)).tensor(), latent_TC, rotary);
        Tensor o = absorbed.attend(tape, queries.forward(tape, x_TD).tensor(), rotary);
        return output_DO.forward(tape, tape.input(o, false));
    }

    /** (B, S, H, V): the values, which lie beside the unrotated part of the keys, in (T, H·(N + V)). */
    private Tensor values(AttentionShape shape, Tensor keysValues) {
        return keysValues.view(shape.batch(), shape.sequence(), spec.heads(), spec.nope() + spec.value())
                .slice(3, spec.nope(), spec.nope() + spec.value());
    }

    /** (T, D) → (T, H·Q). */
    private Layer queries(BlockBuilder block) {
        long out = spec.heads() * spec.queryKey();
        return switch (spec.query()) {
            case QueryProjection.Direct() -> block.linear("attention.query", "self_attn.q_proj.weight", out,
                    block.dim())::forward;
            case QueryProjection.LowRank(long rank) -> {
                Linear down = block.linear("attention.query_down", "self_attn.q_a_proj.weight", rank, block.dim());
                RmsNorm norm = block.norm("attention.query_norm", "self_attn.q_a_layernorm.weight", rank,
                        spec.latentEps());
                Linear up = block.linear("attention.query_up", "self_attn.q_b_proj.weight", out, rank);
                yield (tape, x_TD) -> up.forward(tape, norm.forward(tape, down.forward(tape, x_TD)));
            }
        };
    }
}
