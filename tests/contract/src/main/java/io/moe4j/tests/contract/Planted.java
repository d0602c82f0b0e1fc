package io.moe4j.tests.contract;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.KernelModule;
import io.moe4j.api.device.KernelSource;
import io.moe4j.api.device.Launch;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
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

    /** The answer in {@link #instead} that calls the real method. */
    public static final Object CALL = Intercepted.CALL;

    /**
     * A proxy of an object with a planted fault.
     *
     * @param answer gets a method's name and its arguments, and returns {@link #CALL}, or the value to return instead
     */
    public static <T> T instead(Class<T> type, T target, BiFunction<String, Object[], @Nullable Object> answer) {
        return Intercepted.of(type, target, answer::apply);
    }

    /**
     * Peers without the barriers of one phase, on the CPU. After each remaining barrier, the stream of one rank pauses for 2 ms, a different rank each time.
     * This is legal, and lets the other ranks run into the work that the missing barrier should have delayed, however the machine schedules its threads.
     *
     * @param device the device of the peers
     * @param phase prefix of the names of the phases whose barriers do nothing
     * @since 0.2.0
     */
    public static PeerGroup withoutBarrier(PeerGroup peers, Device device, String phase) {
        KernelModule module = device.load(KernelSource.cpu("rest", Map.of("rest", launch -> LockSupport.parkNanos(
                2_000_000))));
        Launch rest = Launch.of(module.kernel("rest"));
        AtomicInteger barriers = new AtomicInteger();
        return instead(PeerGroup.class, peers, (method, arguments) -> switch (method) {
            case "barrier" -> {
                Stream stream = (Stream) arguments[0];
                String given = (String) arguments[1];
                if (!given.startsWith(phase)) {
                    peers.barrier(stream, given);
                    Group group = peers.group();
                    if (new Random(barriers.getAndIncrement()).nextInt(group.size()) == group.index()) {
                        stream.launch(rest);
                    }
                }
                yield null;
            }
            case "close" -> {
                module.close();
                yield CALL;
            }
            default -> CALL;
        });
    }

    /** Runs tests, and returns the throwables of those that failed. Stops after the first failed assertion. */
    public static List<Throwable> failures(java.util.stream.Stream<DynamicTest> tests) {
        List<Throwable> failures = new ArrayList<>();
        for (DynamicTest test : tests.toList()) {
            failures.addAll(failures(test.getExecutable()));
            if (!failures.isEmpty() && failures.getLast() instanceof AssertionError) {
                break;
            }
        }
        return failures;
    }

    /** Runs one test, and returns what it threw. */
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
        return java.util.stream.Stream.iterate(failure, cause -> cause != null, Throwable::getCause)
                .map(String::valueOf)
                .collect(Collectors.joining("; "));
    }
}
