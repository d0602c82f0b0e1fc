package io.moe4j.trainer.session;

import io.moe4j.api.Stability;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.spi.Asking;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.config.TrainerConfig;

/**
 * The shapes for which the parts of a rank are opened.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class RankShapes {

    private RankShapes() {}

    /** The shapes of the exchange of a model with experts. */
    public static CommConfig exchange(TrainerConfig config, ModelSpec spec, Providers providers) {
        ModelSpec.MoeSpec moe = spec.moe().orElseThrow();
        return CommConfig
                .of(config.training().localTokens(), moe.dim(), moe.experts(), moe.topK(),
                        config.dispatchedRows())
                .withReturnType(config.training().dtype())
                .withCapacity(config.moe().receiveCapacity(), config.moe().overflowAction(providers.comm()
                        .map(comm -> Asking.of(comm, "supportsRounds",
                                each -> each.supportsRounds(providers.device().kind())))
                        .orElse(false)))
                .withDedup(config.moe().dedup());
    }
}
