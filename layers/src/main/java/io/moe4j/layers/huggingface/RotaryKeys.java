package io.moe4j.layers.huggingface;

import io.moe4j.api.Stability;
import io.moe4j.layers.rotary.RotaryScaling;
import java.util.List;

/**
 * The rotary embedding in a {@code config.json}: as transformers 5 writes it, in {@code rope_parameters}, or as earlier versions do, in
 * {@code rope_theta} and {@code rope_scaling}. Of the kinds of scaling, {@code linear}, {@code yarn} and {@code llama3} are read; {@code dynamic} and
 * {@code longrope}, whose frequencies depend on the length of the text, are refused.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class RotaryKeys {
    private static final List<String> KINDS = List.of("default", "linear", "yarn", "llama3");

    private static final String ORIGINAL_LENGTH = "original_max_position_embeddings";

    private final String kind;
    private final double theta;
    private final double factor;
    private final long originalLength;
    private final double mscale;
    private final double mscaleAllDim;
    private final double betaFast;
    private final double betaSlow;
    private final boolean truncate;
    private final double amplitude;
    private final double lowFrequency;
    private final double highFrequency;

    private RotaryKeys(ConfigReader outer, ConfigReader keys, boolean scaled) {
        theta = keys.has("rope_theta") ? keys.number("rope_theta") : outer.number("rope_theta");
        String type = keys.has("rope_type") || !keys.has("type") ? "rope_type" : "type";
        kind = scaled ? keys.text(type, "default") : "default";
        if (!KINDS.contains(kind)) {
            keys.reject(type, String.join(", ", KINDS), "the other kinds depend on the length of the text");
        }
        boolean yarn = kind.equals("yarn");
        boolean llama = kind.equals("llama3");
        long length = outer.count("max_position_embeddings", 1);
        originalLength = yarn || llama ? originalLength(outer, keys, length) : length;
        factor = kind.equals("default") ? 1
                : yarn ? keys.number("factor", (double) length / originalLength) : keys.number("factor");
        mscale = yarn ? keys.number("mscale", 0) : 0;
        mscaleAllDim = kind.equals("default") ? 0 : keys.number("mscale_all_dim", 0);
        if (yarn && (mscale == 0) != (mscaleAllDim == 0)) {
            keys.reject("mscale", "both mscale and mscale_all_dim, or neither,",
                    "with one alone, published implementations disagree");
        }
        betaFast = yarn ? keys.positive("beta_fast", 32) : 1;
        betaSlow = yarn ? keys.positive("beta_slow", 1) : 1;
        truncate = !yarn || keys.flag("truncate", true);
        amplitude = yarn ? keys.positive("attention_factor", amplitude(factor, mscale, mscaleAllDim)) : 1;
        lowFrequency = llama ? keys.number("low_freq_factor") : 1;
        highFrequency = llama ? keys.number("high_freq_factor") : 1;
        outer.onlyIfPresent("partial_rotary_factor", 1, "all rotary elements of a head are rotated");
        keys.onlyIfPresent("partial_rotary_factor", 1, "all rotary elements of a head are rotated");
    }

    /**
     * The sequence length before scaling, in tokens. Some files have this key outside the section, and transformers 5 then reads it there, while earlier
     * versions read the section: if both are given, they must be equal.
     */
    private static long originalLength(ConfigReader outer, ConfigReader keys, long length) {
        long outside = outer.count(ORIGINAL_LENGTH, 1, length);
        long original = keys.count(ORIGINAL_LENGTH, 1, outside);
        if (outer.has(ORIGINAL_LENGTH) && original != outside) {
            outer.reject(ORIGINAL_LENGTH, original, "the section has that value; remove one of the two keys");
        }
        return original;
    }

    /** Reads the keys of a configuration. */
    public static RotaryKeys of(ConfigReader outer) {
        String section = outer.has("rope_parameters") ? "rope_parameters" : "rope_scaling";
        if (!outer.agree("rope_parameters", "rope_scaling")) {
            outer.reject("rope_scaling", "the value of rope_parameters", "remove one of the two keys");
        }
        boolean scaled = outer.has(section);
        ConfigReader keys = scaled ? outer.section(section) : outer;
        if (scaled && keys.hasSections()) {
            outer.reject(section, "one embedding", "all layers rotate alike");
        }
        return new RotaryKeys(outer, keys, scaled);
    }

    /** Base of the frequencies. */
    public double theta() {
        return theta;
    }

    /** How many times longer texts may be than those of training; 1 without scaling. */
    public double factor() {
        return factor;
    }

    /** Weight in the temperature of DeepSeek's attention scores ({@code mscale_all_dim}), with every kind of scaling; 0 if there is none. */
    public double mscaleAllDim() {
        return mscaleAllDim;
    }

    /** The scaling. Call it only when the configuration has no problems. */
    public RotaryScaling scaling() {
        return switch (kind) {
            case "linear" -> new RotaryScaling.Linear(factor);
            case "yarn" -> new RotaryScaling.Yarn(factor, originalLength, betaFast, betaSlow, truncate, amplitude);
            case "llama3" -> new RotaryScaling.Llama3(factor, originalLength, lowFrequency, highFrequency);
            default -> new RotaryScaling.None();
        };
    }

    private static double amplitude(double factor, double mscale, double mscaleAllDim) {
        return mscaleAllDim == 0 ? RotaryScaling.Yarn.temperature(factor, 1)
                : RotaryScaling.Yarn.temperature(factor, mscale)
                        / RotaryScaling.Yarn.temperature(factor, mscaleAllDim);
    }
}
