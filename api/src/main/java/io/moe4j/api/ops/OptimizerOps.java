package io.moe4j.api.ops;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

/**
 * Parameter updates. Tensors are contiguous and of one shape.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface OptimizerOps {

    /** AdamW with decoupled decay (Loshchilov and Hutter, 2019). Bias corrections are applied as in PyTorch. */
    void adamw(Stream stream, AdamW arguments);

    /**
     * Like {@link #adamw} with an F32 parameter; also writes the new parameter to {@code converted}, rounded to nearest, as a copy would. Since SPI 1.4.
     *
     * @param converted BF16, of the shape of the parameter
     * @return false if the device has no such operation; then it has enqueued nothing
     * @since 0.3.0
     */
    default boolean adamwConverted(Stream stream, AdamW arguments, Tensor converted) {
        return false;
    }

    /** sum[0] += Σ x², fixed order; {@code sum} is F32 (1). */
    void sumOfSquares(Stream stream, Tensor x, Tensor sum, Optional<Tensor> workspace);

    /**
     * The momentum of Muon: g ← gradientScale·gradient; m ← β·m + (1−β)·g; update ← β·m + (1−β)·g with Nesterov's form, else m. Since SPI 1.4.
     *
     * @since 0.3.0
     */
    default void momentum(Stream stream, Momentum arguments) {
        throw withoutMuon();
    }

    /**
     * out = x / max(√sum, least), element by element; sum is F32 (1). Types may differ. Since SPI 1.4.
     *
     * @since 0.3.0
     */
    default void normalize(Stream stream, Tensor x, Tensor sum, float least, Tensor out) {
        throw withoutMuon();
    }

    /**
     * A step along an update: p ← keep·p − rate·update. Since SPI 1.4.
     *
     * @since 0.3.0
     */
    default void descend(Stream stream, Descent arguments) {
        throw withoutMuon();
    }

    private static UnsupportedOperationException withoutMuon() {
        return new UnsupportedOperationException("this device was built against a device SPI before 1.4 and has no"
                + " operations of Muon; set optimizer.name to adamw, or use a newer build of the device");
    }

    /**
     * See {@link #momentum}.
     *
     * @param gradient F32 or BF16
     * @param momentum F32 or BF16; m is rounded when it is stored, and the update is computed from the value before rounding
     * @param update F32 or BF16, overwritten
     * @param beta β, in [0, 1)
     * @param nesterov whether the update looks one step ahead
     * @param gradientScale factor of the gradients
     * @since 0.3.0
     */
    record Momentum(Tensor gradient, Tensor momentum, Tensor update, float beta, boolean nesterov,
            float gradientScale) {

        /** With the published defaults: β 0.95, one step ahead (Nesterov), gradient scale 1. */
        public static Momentum of(Tensor gradient, Tensor momentum, Tensor update) {
            return new Momentum(gradient, momentum, update, 0.95f, true, 1);
        }

        /** With another factor of the moving average. */
        public Momentum withBeta(float value) {
            return new Momentum(gradient, momentum, update, value, nesterov, gradientScale);
        }

        /** Whether the update looks one step ahead. */
        public Momentum withNesterov(boolean value) {
            return new Momentum(gradient, momentum, update, beta, value, gradientScale);
        }

        /** With another factor of the gradients. */
        public Momentum withGradientScale(float value) {
            return new Momentum(gradient, momentum, update, beta, nesterov, value);
        }
    }

    /**
     * See {@link #descend}.
     *
     * @param parameter F32 or BF16
     * @param update F32 or BF16
     * @param rate factor of the update
     * @param keep factor of the parameter: 1 − lr·decay
     * @param rounding how the new parameter is rounded where it is BF16
     * @since 0.3.0
     */
    record Descent(Tensor parameter, Tensor update, float rate, float keep, Rounding rounding) {

        /** Checks that only BF16 parameters are rounded stochastically. */
        public Descent {
            requireRounded("descent", parameter, rounding);
        }

        /** Without decay; rounds to the nearest. */
        public static Descent of(Tensor parameter, Tensor update, float rate) {
            return new Descent(parameter, update, rate, 1, Rounding.nearest());
        }

        /** With a decay: keep is 1 − lr·decay. */
        public Descent withKeep(float value) {
            return new Descent(parameter, update, rate, value, rounding);
        }

        /** With another rounding of the new parameter. */
        public Descent withRounding(Rounding value) {
            return new Descent(parameter, update, rate, keep, value);
        }
    }

    private static void requireRounded(String operation, Tensor parameter, Rounding rounding) {
        if (rounding instanceof Rounding.Stochastic
                && !(parameter.dtype().isRounded() && parameter.dtype().isPlainFloating())) {
            throw new IllegalArgumentException(operation + " of " + parameter + " with stochastic rounding: only BF16"
                    + " parameters are rounded; use Rounding.nearest()");
        }
    }

    /**
     * p ← p − lr·decay·p; g ← gradientScale·gradient; m ← β₁m + (1−β₁)g; v ← β₂v + (1−β₂)g²;
     * p ← p − lr · (m / (1 − β₁^step)) / (sqrt(v / (1 − β₂^step)) + eps).
     *
     * @param parameter F32 or BF16
     * @param gradient F32 or BF16
     * @param firstMoment F32 or BF16
     * @param secondMoment of the first moment's type
     * @param step number of the step, from 1
     * @param rounding how the new parameter is rounded where it is BF16; moments are rounded to the nearest
     */
    record AdamW(Tensor parameter, Tensor gradient, Tensor firstMoment, Tensor secondMoment, float learningRate,
            float beta1, float beta2,
            float eps, float weightDecay, float gradientScale, long step, Rounding rounding) {

        /** Checks that only BF16 parameters are rounded stochastically. */
        public AdamW {
            requireRounded("AdamW", parameter, rounding);
        }

        /**
         * Checks the arguments of {@link OptimizerOps#adamwConverted}.
         *
         * @param converted where the new parameter is written a second time
         * @throws IllegalArgumentException unless the parameter is F32, and {@code converted} of a narrower floating type
         * @since 0.3.0
         */
        public void requireConvertible(Tensor converted) {
            boolean narrower = converted.dtype().isPlainFloating() && converted.dtype().isRounded();
            if (!parameter.dtype().isSinglePrecision() || !narrower) {
                throw new IllegalArgumentException("AdamW of " + parameter + ", converted to " + converted
                        + ": only F32 is written a second time, in a narrower type; convert others with a copy");
            }
        }

        /** With PyTorch's defaults: β 0.9 and 0.999, eps 1e-8, no decay, gradient scale 1; rounds to the nearest. */
        public static AdamW of(Tensor parameter, Tensor gradient, Tensor firstMoment, Tensor secondMoment,
                float learningRate, long step) {
            return new AdamW(parameter, gradient, firstMoment, secondMoment, learningRate, 0.9f, 0.999f, 1e-8f, 0, 1,
                    step, Rounding.nearest());
        }

        /** With other factors of the moving averages. */
        public AdamW withBetas(float first, float second) {
            return new AdamW(parameter, gradient, firstMoment, secondMoment, learningRate, first, second, eps,
                    weightDecay, gradientScale, step, rounding);
        }

        /** With another epsilon. */
        public AdamW withEps(float value) {
            return new AdamW(parameter, gradient, firstMoment, secondMoment, learningRate, beta1, beta2, value,
                    weightDecay, gradientScale, step, rounding);
        }

        /** With decoupled decay. */
        public AdamW withWeightDecay(float value) {
            return new AdamW(parameter, gradient, firstMoment, secondMoment, learningRate, beta1, beta2, eps, value,
                    gradientScale, step, rounding);
        }

        /** With a factor of the gradient. */
        public AdamW withGradientScale(float value) {
            return new AdamW(parameter, gradient, firstMoment, secondMoment, learningRate, beta1, beta2, eps,
                    weightDecay, value, step, rounding);
        }

        /** With another rounding of the parameter. */
        public AdamW withRounding(Rounding value) {
            return new AdamW(parameter, gradient, firstMoment, secondMoment, learningRate, beta1, beta2, eps,
                    weightDecay, gradientScale, step, value);
        }

        /** Rounds to the nearest. */
        public AdamW(Tensor parameter, Tensor gradient, Tensor firstMoment, Tensor secondMoment, float learningRate,
                float beta1, float beta2, float eps, float weightDecay, float gradientScale, long step) {
            this(parameter, gradient, firstMoment, secondMoment, learningRate, beta1, beta2, eps, weightDecay,
                    gradientScale, step, Rounding.nearest());
        }
    }
}
