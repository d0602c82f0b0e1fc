package io.moe4j.trainer.checkpoint;

import io.moe4j.trainer.checkpoint.store.ThisHost;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets each process of a run do its part of a work, and wait until all have done theirs, however long one of them takes. While they wait, they tell each other
 * several times a second that they are still working, so that no time limit of a rendezvous passes because of a slow disk. All of them get the same outcome.
 */
final class PatientMeeting {
    private static final Logger log = LoggerFactory.getLogger(PatientMeeting.class);
    private static final long PAUSE_MILLIS = 100;
    /** The state of a process's work: the first byte of each message. */
    private static final byte WORKING = 0;
    private static final byte DONE = 1;
    private static final byte FAILED = 2;
    private static final byte NON_FINITE = 3;

    private final SavingProcesses processes;
    private final String name;

    /** @param name the name of the work, the same in all processes */
    PatientMeeting(SavingProcesses processes, String name) {
        this.processes = processes;
        this.name = name;
    }

    /**
     * Does the work of this process, and waits until the others have done theirs.
     *
     * @param phase a part of the whole, the same in all processes
     * @param work returns the data for the other processes
     * @return the data of each process, by rank; with a single process, only its own
     * @throws SaveFailedException if the work of a process has failed; the work of all processes has ended then
     */
    List<byte[]> meet(String phase, Callable<byte[]> work) throws SaveFailedException {
        FutureTask<byte[]> mine = new FutureTask<>(work);
        Thread.ofPlatform().daemon().name(name + ", " + phase).start(mine);
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    boolean ended = awaitEnd(mine);
                    if (ended || !processes.areOne()) {
                        byte[] told = ended ? told(mine) : message(WORKING, new byte[0]);
                        List<byte[]> all = processes.areOne() ? List.of(told)
                                : processes.exchange(name + ", " + phase, told);
                        if (all.stream().noneMatch(each -> each[0] == WORKING)) {
                            return outcome(all);
                        }
                    }
                } catch (InterruptedException e) {
                    // The run stops, but this wait goes on, because the work uses objects that the caller would close.
                    interrupted = true;
                }
            }
        } finally {
            // If another process has failed, this process's own work must still end before its files are closed.
            interrupted |= awaitQuietly(mine);
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Waits a little. Returns whether the work has ended, successfully or not. */
    private static boolean awaitEnd(FutureTask<byte[]> work) throws InterruptedException {
        try {
            work.get(PAUSE_MILLIS, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            return true;
        }
    }

    private static boolean awaitQuietly(FutureTask<byte[]> work) {
        boolean interrupted = false;
        while (true) {
            try {
                if (awaitEnd(work)) {
                    return interrupted;
                }
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
    }

    private static List<byte[]> outcome(List<byte[]> all) throws SaveFailedException {
        for (byte[] each : all) {
            if (each[0] != DONE) {
                throw new SaveFailedException(new String(payload(each), StandardCharsets.UTF_8),
                        each[0] == NON_FINITE);
            }
        }
        return all.stream().map(PatientMeeting::payload).toList();
    }

    private byte[] told(FutureTask<byte[]> ended) {
        try {
            return message(DONE, ended.resultNow());
        } catch (IllegalStateException e) {
            return failed(ended.exceptionNow());
        }
    }

    private byte[] failed(Throwable failure) {
        log.debug("{} failed", name, failure);
        Throwable cause = failure instanceof UncheckedIOException && failure.getCause() != null ? failure.getCause()
                : failure;
        String text = cause.getMessage() == null ? cause.toString() : cause.getMessage();
        return message(failure instanceof NonFiniteStateException ? NON_FINITE : FAILED,
                (processes.areOne() ? text : "on " + ThisHost.name() + ": " + text).getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] message(byte state, byte[] payload) {
        byte[] message = new byte[1 + payload.length];
        message[0] = state;
        System.arraycopy(payload, 0, message, 1, payload.length);
        return message;
    }

    private static byte[] payload(byte[] message) {
        return Arrays.copyOfRange(message, 1, message.length);
    }
}
