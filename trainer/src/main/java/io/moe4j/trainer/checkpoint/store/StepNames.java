package io.moe4j.trainer.checkpoint.store;

import java.nio.file.Path;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The names in a folder of checkpoints, which are the same under every locale. */
final class StepNames {
    /** The ending of a checkpoint that is being written. */
    static final String PART = ".part";
    /** The ending of a checkpoint that is being replaced by one of the same step: it counts until the new one is in place. */
    static final String OLD = ".old";
    /** The ending of a checkpoint that is being removed. */
    static final String GONE = ".gone";
    /** The ending of a damaged checkpoint, renamed by a run that continued an earlier one; it is never removed. */
    static final String DAMAGED = ".damaged";

    private static final Pattern NAME = Pattern.compile("step-([0-9]{9,18})(\\.[a-z]+)?");

    private StepNames() {}

    static String of(long step) {
        return String.format(Locale.ROOT, "step-%09d", step);
    }

    /** The step of a name with this ending; empty if it is no such name. */
    static OptionalLong step(Path path, String ending) {
        Path name = path.getFileName();
        Matcher matcher = NAME.matcher(name == null ? "" : name.toString());
        boolean fits = matcher.matches() && ending.equals(matcher.group(2) == null ? "" : matcher.group(2));
        return fits ? OptionalLong.of(Long.parseLong(matcher.group(1))) : OptionalLong.empty();
    }
}
