package io.moe4j.model.deepseek;

import io.moe4j.autograd.model.ModelSpec.ModelFigures;

/**
 * Parameters and operations. Per token, forward and backward together, every active element of a matrix costs 6 operations (a multiply-add in
 * forward, two in backward), and attention costs 6 · S · (Q + V) per head: scores and values against S tokens, not halved for the causal mask, as is usual for
 * the model-FLOPs-utilisation figure (Chowdhery et al., "PaLM", 2022, appendix B). Look-ups, norms and what recompute repeats count nothing.
 */
final class Figures {

    private Figures() {}

    static ModelFigures of(DeepSeekV3Spec spec, long sequence) {
        AttentionSpec attention = spec.attention();
        long d = spec.dim();
        long all = 0;
        long active = 0;
        long norms = d;
        for (int layer = 0; layer < spec.layers(); layer++) {
            long projections = attentionMatrices(attention, d);
            norms += 2 * d + attention.latent()
                    + (attention.query() instanceof QueryProjection.LowRank low ? low.rank() : 0);
            switch (spec.feedForward(layer)) {
                case FeedForward.Dense dense -> {
                    all += projections + 3 * d * dense.hidden();
                    active += projections + 3 * d * dense.hidden();
                }
                case FeedForward.MixtureOfExperts moe -> {
                    long common = projections + d * moe.experts() + 3 * d * moe.sharedHidden();
                    all += common + 3 * d * moe.hidden() * moe.experts();
                    active += common + 3 * d * moe.hidden() * moe.gate().topK();
                }
            }
        }
        long table = spec.vocabulary() * d;
        double perToken = 6.0 * (active + table)
                + 6.0 * spec.layers() * attention.heads() * (attention.queryKey() + attention.value()) * sequence;
        return new ModelFigures(all + norms + 2 * table, active + norms + 2 * table, perToken);
    }

    private static long attentionMatrices(AttentionSpec a, long d) {
        long queries = switch (a.query()) {
            case QueryProjection.Direct() -> d * a.heads() * a.queryKey();
            case QueryProjection.LowRank(long rank) -> d * rank + rank * a.heads() * a.queryKey();
        };
        return queries + d * (a.latent() + a.rope()) + a.latent() * a.heads() * (a.nope() + a.value())
                + a.heads() * a.value() * d;
    }
}
