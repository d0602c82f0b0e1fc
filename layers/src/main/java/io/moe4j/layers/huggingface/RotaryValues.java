package io.moe4j.layers.huggingface;

import io.moe4j.api.Stability;
import io.moe4j.layers.rotary.RotaryScaling;
import io.moe4j.layers.rotary.RotaryScaling.Yarn;
import io.moe4j.layers.rotary.RotarySpec;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Writes a rotary embedding into a {@code config.json}, as transformers 4 does, which transformers 5 reads too: {@code rope_theta}, and
 * {@code rope_scaling} where there is scaling. {@link RotaryKeys} reads the same numbers back.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class RotaryValues {
    private static final int MOST_DIGITS = 17;

    private RotaryValues() {}

    /**
     * Adds the keys.
     *
     * @param config what they are added to
     * @param temperature of DeepSeek's attention scores; 1 for models without it
     * @throws IllegalArgumentException if there is a temperature, and no scaling from which a reader could compute it
     */
    public static void put(Map<String, Object> config, RotarySpec rotary, double temperature) {
        config.put("rope_theta", rotary.theta());
        Map<String, Object> scaling = new LinkedHashMap<>();
        switch (rotary.scaling()) {
            case RotaryScaling.None() -> {
                if (temperature != 1) {
                    throw new IllegalArgumentException("attention scores have the temperature " + temperature
                            + " without a rotary scaling; a config.json gives it as mscale_all_dim of a scaling");
                }
                return;
            }
            case RotaryScaling.Linear(double factor) -> {
                kind(scaling, "linear");
                scaling.put("factor", factor);
                temperature(scaling, factor, temperature);
            }
            case RotaryScaling.Llama3 llama -> {
                kind(scaling, "llama3");
                scaling.put("factor", llama.factor());
                scaling.put("low_freq_factor", llama.lowFrequencyFactor());
                scaling.put("high_freq_factor", llama.highFrequencyFactor());
                scaling.put("original_max_position_embeddings", llama.originalLength());
                temperature(scaling, llama.factor(), temperature);
            }
            case Yarn yarn -> yarn(scaling, yarn, temperature);
        }
        config.put("rope_scaling", scaling);
    }

    private static void temperature(Map<String, Object> scaling, double factor, double temperature) {
        if (temperature != 1) {
            scaling.put("mscale_all_dim", mscale(factor, temperature));
        }
    }

    private static void yarn(Map<String, Object> scaling, Yarn yarn, double temperature) {
        kind(scaling, "yarn");
        scaling.put("factor", yarn.factor());
        scaling.put("original_max_position_embeddings", yarn.originalLength());
        scaling.put("beta_fast", yarn.betaFast());
        scaling.put("beta_slow", yarn.betaSlow());
        if (!yarn.truncate()) {
            scaling.put("truncate", false);
        }
        double amplitude = Yarn.temperature(yarn.factor(), 1);
        if (temperature != 1) {
            double mscale = mscale(yarn.factor(), temperature);
            scaling.put("mscale", mscale);
            scaling.put("mscale_all_dim", mscale);
            amplitude = 1;
        }
        if (yarn.amplitude() != amplitude) {
            scaling.put("attention_factor", yarn.amplitude());
        }
    }

    /** Transformers 4 knew the kind as {@code type} first; remote code still reads that. */
    private static void kind(Map<String, Object> scaling, String kind) {
        scaling.put("rope_type", kind);
        scaling.put("type", kind);
    }

    /** The number with the fewest digits that gives this temperature: 0.707, not 0.7070000000000001. */
    private static double mscale(double factor, double temperature) {
        double mscale = (temperature - 1) / (0.1 * Math.log(factor));
        for (int digits = 1; digits <= MOST_DIGITS; digits++) {
            double rounded = new BigDecimal(mscale).round(new MathContext(digits)).doubleValue();
            if (Yarn.temperature(factor, rounded) == temperature) {
                return rounded;
            }
        }
        return mscale;
    }
}
