package io.moe4j.profile;

import io.moe4j.api.Stability;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/**
 * The recorded spans of one rank.
 *
 * @param rank rank in the world
 * @param device name of its device, for people
 * @param spans the spans, in the order in which they began
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record RankSpans(int rank, String device, List<RecordedSpan> spans) {

    public RankSpans {
        spans = List.copyOf(spans);
    }

    /** As bytes, for the rank that writes the trace. */
    public byte[] encode() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(new GZIPOutputStream(bytes))) {
            out.writeInt(rank);
            out.writeUTF(device);
            out.writeInt(spans.size());
            for (RecordedSpan span : spans) {
                out.writeUTF(span.name());
                out.writeUTF(span.detail());
                out.writeLong(span.step());
                out.writeLong(span.hostBegin());
                out.writeLong(span.hostEnd());
                out.writeLong(span.deviceBegin());
                out.writeLong(span.deviceEnd());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** Decodes the bytes of {@link #encode}. */
    public static RankSpans decode(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new GZIPInputStream(new ByteArrayInputStream(bytes)))) {
            int rank = in.readInt();
            String device = in.readUTF();
            int count = in.readInt();
            List<RecordedSpan> spans = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                spans.add(new RecordedSpan(in.readUTF(), in.readUTF(), in.readLong(), in.readLong(), in.readLong(),
                        in.readLong(), in.readLong()));
            }
            return new RankSpans(rank, device, spans);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
