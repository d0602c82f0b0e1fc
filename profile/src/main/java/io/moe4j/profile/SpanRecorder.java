package io.moe4j.profile;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Event;
import io.moe4j.api.device.Stream;
import io.moe4j.api.trace.Spans;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Records the spans of one rank between {@link #begin} and {@link #end}; before and after, a span costs one comparison. Each span marks the rank's
 * stream with two events, so that the device's times are known without waiting for it. Each span is also an event {@code moe4j.Span} of Java Flight Recorder,
 * if that is recording. Used by the rank's thread only.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class SpanRecorder implements Spans {
    private final int rank;
    private final List<Open> all = new ArrayList<>();
    private final Deque<Open> open = new ArrayDeque<>();
    private @Nullable Stream stream;
    private @Nullable Event zero;
    private long zeroNanos;
    private long step;

    /** @param rank rank in the world */
    public SpanRecorder(int rank) {
        this.rank = rank;
    }

    @Override
    public boolean isRecording() {
        return stream != null;
    }

    /**
     * Begins to record. Waits for the stream, so that times of the host and the device have a common zero.
     *
     * @param recorded the rank's main stream
     */
    public void begin(Stream recorded) {
        all.clear();
        open.clear();
        recorded.synchronize();
        zero = recorded.record();
        zeroNanos = System.nanoTime();
        stream = recorded;
    }

    /** Sets the step of the spans that follow. */
    public void step(long next) {
        step = next;
    }

    @Override
    public Span open(String name, String detail) {
        return stream == null ? Span.none() : begin(name, detail, true);
    }

    /**
     * Begins a span of the host alone, such as reading data.
     *
     * @param name name of the work
     * @param detail details of the work; may be empty
     */
    public Span openOnHost(String name, String detail) {
        return stream == null ? Span.none() : begin(name, detail, false);
    }

    private Span begin(String name, String detail, boolean onDevice) {
        Open span = new Open(name, detail, step, onDevice);
        all.add(span);
        open.push(span);
        return span;
    }

    /**
     * Ends recording, waits for the stream, and returns the spans in the order in which they began. A span that is still open, because its work has failed,
     * is left out.
     */
    public List<RecordedSpan> end() {
        Stream ended = stream;
        Event begin = zero;
        stream = null;
        if (ended == null || begin == null) {
            return List.of();
        }
        ended.synchronize();
        List<RecordedSpan> spans = all.stream().filter(span -> span.hostEnd != 0).map(span -> span.recorded(begin))
                .toList();
        all.clear();
        open.clear();
        return spans;
    }

    private final class Open implements Span {
        private final String name;
        private final String detail;
        private final long ofStep;
        private final SpanEvent event = new SpanEvent();
        private final @Nullable Event deviceBegin;
        private final long hostBegin;
        private @Nullable Event deviceEnd;
        private long hostEnd;

        Open(String name, String detail, long ofStep, boolean onDevice) {
            this.name = name;
            this.detail = detail;
            this.ofStep = ofStep;
            event.begin();
            hostBegin = System.nanoTime();
            // Work that is being captured is not executed now, and has no times.
            deviceBegin = onDevice && stream != null && !stream.isCapturing() ? stream.record() : null;
        }

        @Override
        public void close() {
            if (stream == null || open.peek() != this) {
                return;
            }
            open.pop();
            if (deviceBegin != null) {
                deviceEnd = stream.record();
            }
            hostEnd = System.nanoTime();
            event.end();
            if (event.shouldCommit()) {
                event.span = name;
                event.detail = detail;
                event.rank = rank;
                event.step = ofStep;
                event.commit();
            }
        }

        private RecordedSpan recorded(Event begin) {
            long from = -1;
            long to = -1;
            if (deviceBegin != null && deviceEnd != null) {
                from = nanos(deviceBegin.secondsSince(begin));
                to = from + nanos(deviceEnd.secondsSince(deviceBegin));
            }
            return new RecordedSpan(name, detail, ofStep, hostBegin - zeroNanos, hostEnd - zeroNanos, from, to);
        }

        private static long nanos(double seconds) {
            return Math.max(0, Math.round(seconds * 1e9));
        }
    }
}
