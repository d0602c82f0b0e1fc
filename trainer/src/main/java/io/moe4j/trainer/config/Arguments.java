package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The arguments of a command line besides the command's own options.
 *
 * @param overrides keys and values, in order: {@code --key value}, {@code --key=value}, or {@code --key} alone for {@code true}
 * @param others arguments that are no options, in order
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record Arguments(List<Override> overrides, List<String> others) {

    private static final String DASHES = "--";
    /**
     * Words that people write for true and false. They are taken as the value of a flag; those other than true and false are then refused with a clear message.
     */
    private static final Set<String> YES_OR_NO = Set.of("true", "false", "yes", "no", "on", "off", "1", "0");

    public Arguments {
        overrides = List.copyOf(overrides);
        others = List.copyOf(others);
    }

    /** Separates overrides from other arguments. Keys are not checked yet. */
    public static Arguments parse(List<String> given) {
        Schema schema = Schema.read();
        List<Override> overrides = new ArrayList<>();
        List<String> others = new ArrayList<>();
        for (int i = 0; i < given.size(); i++) {
            String argument = given.get(i);
            int equals = argument.indexOf('=');
            if (!argument.startsWith(DASHES)) {
                others.add(argument);
            } else if (equals >= 0) {
                overrides.add(new Override(argument.substring(DASHES.length(), equals),
                        argument.substring(equals + 1)));
            } else {
                String key = argument.substring(DASHES.length());
                boolean flag = schema.isFlag(key);
                boolean follows = i + 1 < given.size() && !given.get(i + 1).startsWith(DASHES)
                        && (!flag || YES_OR_NO.contains(given.get(i + 1).toLowerCase(Locale.ROOT)));
                overrides.add(new Override(key, follows ? given.get(++i) : flag ? "true" : "", follows || flag));
            }
        }
        return new Arguments(overrides, others);
    }

    /** Makes arguments from overrides, each {@code key=value}. */
    public static Arguments of(String... overrides) {
        return parse(Arrays.stream(overrides).map(DASHES::concat).toList());
    }

    /**
     * A value that replaces the configuration's value of a key.
     *
     * @param key such as {@code training.steps}
     * @param value the value as it was typed; empty if none was
     * @param given false if the value is missing, as in {@code --data.path} at the end of the line
     */
    @SuppressWarnings("AvoidCommonTypeNames") // always written as Arguments.Override
    public record Override(String key, String value, boolean given) {

        /** A key with its value. */
        public Override(String key, String value) {
            this(key, value, true);
        }
    }
}
