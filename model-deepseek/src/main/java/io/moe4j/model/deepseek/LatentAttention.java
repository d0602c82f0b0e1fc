package io.moe4j.model.deepseek;

import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.function.Functions;
import io.moe4j.autograd.model.ModelContext;
import io.moe4j.autograd.sharding.Parameter;

/** Multi-head latent attention of one block: projections around {@link RotaryAttention}. */
final class LatentAttention {
    private final AttentionSpec spec;
    private final float eps;
    private final ModelContext context;
    private final Tensor cosSin_SR;
    private final Queries queries;
    private final Parameter latent_CD;
    private final Parameter latentNorm_C;
    private final Parameter keysValues_OC;
    private final Parameter output_DO;

    LatentAttention(DeepSeekV3Spec model, ModelContext context, Tensor cosSin_SR, UnitBuilder unit, String prefix,
            double outputStd) {
        this.spec = model.attention();
        this.eps = model.normEps();
        this.context = context;
        this.cosSin_SR = cosSin_SR;
        long d = model.dim();
        String at = prefix + "self_attn.";
        this.queries = queries(unit, at, d);
        this.latent_CD = unit.matrix("attention.latent", at + "kv_a_proj_with_mqa.weight", UnitBuilder.STD,
                spec.latent() + spec.rope(), d);
        this.latentNorm_C = unit.norm("attention.latent_norm", at + "kv_a_layernorm.weight", spec.latent());
        this.keysValues_OC = unit.matrix("attention.keys_values", at + "kv_b_proj.weight", UnitBuilder.STD,
                spec.heads() * (spec.nope() + spec.value()), spec.latent());
        this.output_DO = unit.matrix("attention.output", at + "o_proj.weight", outputStd, d,
                spec.heads() * spec.value());
    }

    /** (T, D) → (T, D). */
    Variable forward(Tape tape, Variable x_TD) {
        Variable q = queries.project(tape, x_TD);
        Variable latent = Functions.linear(tape, x_TD, latent_CD);
        Variable normed = Functions.rmsNorm(tape, latent, latentNorm_C, eps);
        Variable keysValues = Functions.linear(tape, normed, keysValues_OC);
        AttentionShape shape = new AttentionShape(context.batch(), context.sequence(), spec.heads(), spec.queryKey(),
                spec.value(), x_TD.tensor().dtype());
        Variable o = tape.apply(new RotaryAttention(spec, shape, cosSin_SR, q, keysValues, latent), q, keysValues,
                latent);
        return Functions.linear(tape, o, output_DO);
    }

    private Queries queries(UnitBuilder unit, String at, long d) {
        long out = spec.heads() * spec.queryKey();
        return switch (spec.query()) {
            case QueryProjection.Direct() -> {
                Parameter w = unit.matrix("attention.query", at + "q_proj.weight", UnitBuilder.STD, out, d);
                yield (tape, x) -> Functions.linear(tape, x, w);
            }
            case QueryProjection.LowRank(long rank) -> {
                Parameter down = unit.matrix("attention.query_down", at + "q_a_proj.weight", UnitBuilder.STD, rank, d);
                Parameter norm = unit.norm("attention.query_norm", at + "q_a_layernorm.weight", rank);
                Parameter up = unit.matrix("attention.query_up", at + "q_b_proj.weight", UnitBuilder.STD, out, rank);
                yield (tape, x) -> Functions.linear(tape,
                        Functions.rmsNorm(tape, Functions.linear(tape, x, down), norm, eps), up);
            }
        };
    }

    /** (T, D) → (T, H·Q). */
    @FunctionalInterface
    private interface Queries {
        Variable project(Tape tape, Variable x_TD);
    }
}
