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
 * Lets the processes of a run do one thing each, and wait until all have done it, however long one of them takes: while they wait, they tell each other
 * several times a second that they are at work, so that no time limit of a rendezvous passes because of a slow disk. All of them learn the same outcome.
 */
final class PatientMeeting {
    private static final Logger log = LoggerFactory.getLogger(PatientMeeting.class);
    private static final long PAUSE_MILLIS = 100;
    /** What a process says of its work, as the first byte of what it tells. */
    private static final byte WORKING = 0;
    private static final byte DONE = 1;
    private static final byte FAILED = 2;
    private static final byte NON_FINITE = 3;

    private final SavingProcesses processes;
    private final String name;

    /** @param name what is done, the same in all processes */
    PatientMeeting(SavingProcesses processes, String name) {
        this.processes = processes;
        this.name = name;
    }

    /**
     * Does the work of this process, and waits for that of the others.
     *
     * @param phase a part of the whole, the same in all processes
     * @param work gives what the others are told
     * @return what each process told, by rank; if there is one process, only that
     * @throws SaveFailedException if the work of a process has failed; all of them have ended theirs then
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
                    // The run stops, but not this wait: the work uses what the caller would close.
                    interrupted = true;
                }
            }
        } finally {
            // Where the others have failed, this process's own work ends before its files are closed.
            interrupted |= awaitQuietly(mine);
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Waits a little; whether the work has ended, well or not. */
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
