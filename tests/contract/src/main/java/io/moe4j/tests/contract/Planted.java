package io.moe4j.tests.contract;

import io.moe4j.api.Stability;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.function.Executable;
import org.jspecify.annotations.Nullable;
import org.opentest4j.TestAbortedException;

/**
 * For tests of a kit: a planted fault has to be found by an assertion, and for the right reason. A plug-in that merely throws something by itself does not
 * count as found; otherwise a kit that checks nothing would pass.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.INTERNAL)
public final class Planted {

    private Planted() {}

    /** Fails unless one of the failures is an assertion error whose messages, or those of its causes, match {@code reason}. */
    public static void isFound(String fault, String reason, Supplier<List<Throwable>> failures) {
        List<Throwable> found = failures.get();
        Pattern pattern = Pattern.compile(reason);
        if (found.stream()
                .noneMatch(failure -> failure instanceof AssertionError && pattern.matcher(messages(failure)).find())) {
            throw new AssertionError("\"" + fault + "\" was not found: " + (found.isEmpty()
                    ? "every test passed"
                    : "no assertion about /" + reason + "/, but "
                            + found.stream().limit(3).map(Planted::messages).toList()));
        }
    }

    /** What {@link #instead} answers to have the real method called. */
    public static final Object CALL = Intercepted.CALL;

    /**
     * An object of an interface with something wrong.
     *
     * @param answer for a method's name and its arguments: {@link #CALL}, or what is returned instead
     */
    public static <T> T instead(Class<T> type, T target, BiFunction<String, Object[], @Nullable Object> answer) {
        return Intercepted.of(type, target, answer::apply);
    }

    /** Runs tests, and gives what those threw that failed. Once one has failed by an assertion the rest is not run. */
    public static List<Throwable> failures(Stream<DynamicTest> tests) {
        List<Throwable> failures = new ArrayList<>();
        for (DynamicTest test : tests.toList()) {
            failures.addAll(failures(test.getExecutable()));
            if (!failures.isEmpty() && failures.getLast() instanceof AssertionError) {
                break;
            }
        }
        return failures;
    }

    /** Runs one, and gives what it threw. */
    public static List<Throwable> failures(Executable test) {
        try {
            test.execute();
            return List.of();
        } catch (TestAbortedException skipped) {
            return List.of();
        } catch (Throwable failure) {
            return List.of(failure);
        }
    }

    private static String messages(Throwable failure) {
        return Stream.iterate(failure, cause -> cause != null, Throwable::getCause).map(String::valueOf)
                .collect(Collectors.joining("; "));
    }
}
