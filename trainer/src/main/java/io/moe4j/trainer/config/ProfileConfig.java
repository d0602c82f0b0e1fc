package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which steps are profiled.
 *
 * @param steps one step or a range, such as {@code 12} or {@code 10-12}; none if absent
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record ProfileConfig(Optional<String> steps) {
    /** The most steps of a profile; a longer trace has too many events to look at. */
    static final long MOST_STEPS = 50;

    private static final Pattern RANGE = Pattern.compile("([1-9][0-9]{0,17})(?:-([1-9][0-9]{0,17}))?");

    /** With another value of {@code steps}. */
    public ProfileConfig withSteps(Optional<String> value) {
        return Components.with(this, "steps", value);
    }

    /** The first and the last step; absent if none is profiled, or the text is no range. */
    public Optional<Range> range() {
        return steps.map(String::strip).map(RANGE::matcher).filter(Matcher::matches).map(matcher -> {
            long first = Long.parseLong(matcher.group(1));
            return new Range(first, matcher.group(2) == null ? first : Long.parseLong(matcher.group(2)));
        });
    }

    /**
     * A range of consecutive steps.
     *
     * @param first the first step, counted from 1
     * @param last the last step, at least {@code first}
     * @since 0.3.0
     */
    public record Range(long first, long last) {

        /** Whether the range has this step. */
        public boolean contains(long step) {
            return step >= first && step <= last;
        }

        @Override
        public String toString() {
            return first == last ? String.valueOf(first) : first + "-" + last;
        }
    }
}
