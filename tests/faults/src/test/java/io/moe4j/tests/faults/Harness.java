package io.moe4j.tests.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Injects faults, each in a folder and a thread of its own.
 *
 * @param folder the folder in which all folders of faults are made
 * @param limit the time after which a fault counts as a hang
 */
record Harness(Path folder, Duration limit) {

    /** Injects one fault. */
    Verdict inject(FaultKind kind, Random random) throws IOException, InterruptedException {
        Path own = Files.createTempDirectory(folder, "fault-");
        CompletableFuture<Verdict> verdict = new CompletableFuture<>();
        Thread thread = Thread.ofPlatform().daemon().name("fault").start(() -> {
            try {
                verdict.complete(kind.inject(random, own));
            } catch (Throwable e) {
                verdict.completeExceptionally(e);
            }
        });
        try {
            Verdict judged = verdict.get(limit.toMillis(), TimeUnit.MILLISECONDS);
            thread.join();
            Trees.remove(own);
            return judged;
        } catch (ExecutionException e) {
            return Verdict.unclear("see the error", "it ended with " + trace(e.getCause()));
        } catch (TimeoutException e) {
            String stack = stack(thread);
            thread.interrupt();
            return Verdict.unclear("see the stack", "it takes longer than " + limit.toSeconds() + " s, in " + stack);
        }
    }

    private static String trace(Throwable failure) {
        StringBuilder text = new StringBuilder(failure.toString());
        for (StackTraceElement each : failure.getStackTrace()) {
            text.append("\n    at ").append(each);
        }
        return failure.getCause() == null ? text.toString()
                : text + "\n  because of " + trace(failure.getCause());
    }

    private static String stack(Thread thread) {
        StringBuilder text = new StringBuilder();
        for (Map.Entry<Thread, StackTraceElement[]> each : Thread.getAllStackTraces().entrySet()) {
            if (each.getKey().equals(thread)) {
                for (StackTraceElement element : each.getValue()) {
                    text.append("\n    at ").append(element);
                }
            }
        }
        return text.toString();
    }
}
