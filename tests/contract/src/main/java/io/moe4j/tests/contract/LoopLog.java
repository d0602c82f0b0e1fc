package io.moe4j.tests.contract;

import io.moe4j.api.device.DeviceLoop;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Loops whose passes write their numbers down on the device, by copies and fills only; the newest entry comes first. */
final class LoopLog {
    private static final int ENTRIES = 24;
    private static final double NONE = -1;

    private final Stream stream;
    private final Tensor pass_1;
    private final Tensor end_1;
    private final Tensor log;
    private final Tensor older;
    private int calls;

    LoopLog(HostValues values, Stream stream) {
        this.stream = stream;
        pass_1 = values.of(DType.I32, new double[] {0}, 1);
        end_1 = values.of(DType.I32, new double[] {0}, 1);
        log = values.of(DType.I32, new double[ENTRIES], ENTRIES);
        older = values.of(DType.I32, new double[ENTRIES], ENTRIES);
    }

    void setEnd(int end) {
        HostValues.write(stream, end_1, new double[] {end});
    }

    void clear() {
        stream.fill(log, NONE);
    }

    DeviceLoop range(int first, int limit) {
        return DeviceLoop.of(pass_1, end_1, limit).withFirst(first);
    }

    /** Enqueues a loop. */
    void loop(int first, int limit) {
        stream.repeat(range(first, limit), () -> {
            calls++;
            shift();
            stream.copy(pass_1, log.slice(0, 0, 1));
        });
    }

    /** Enqueues an entry. */
    void note(int entry) {
        shift();
        stream.fill(log.slice(0, 0, 1), entry);
    }

    private void shift() {
        stream.copy(log.slice(0, 0, ENTRIES - 1), older.slice(0, 0, ENTRIES - 1));
        stream.copy(older.slice(0, 0, ENTRIES - 1), log.slice(0, 1, ENTRIES));
    }

    /** How often bodies have been called. */
    int calls() {
        return calls;
    }

    /** The entries, the oldest first. */
    List<Integer> passes() {
        List<Integer> entries = new ArrayList<>(
                Arrays.stream(HostValues.read(stream, log)).filter(entry -> entry != NONE)
                        .mapToObj(entry -> (int) entry).toList());
        return entries.reversed();
    }

    /** Entries of the passes [from, end), a note, and the passes [again, end2). */
    static List<Integer> expected(int from, int end, int note, int again, int end2) {
        List<Integer> entries = new ArrayList<>();
        for (int pass = from; pass < end; pass++) {
            entries.add(pass);
        }
        entries.add(note);
        for (int pass = again; pass < end2; pass++) {
            entries.add(pass);
        }
        return entries;
    }
}
