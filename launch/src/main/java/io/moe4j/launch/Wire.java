package io.moe4j.launch;

import io.moe4j.api.group.RankFailure;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The protocol. Both sides begin with a preamble, the same in all versions: magic (8 bytes), version (4). Then messages: length of what
 * follows (4), kind (1), body. Numbers are big-endian; texts and bytes have their length before them.
 */
final class Wire {
    static final long MAGIC = 0x6d6f65346a2e7276L; // "moe4j.rv"
    static final int VERSION = 1;
    /** The most bytes that a rank may give to an exchange. */
    static final int MAX_GIVEN = 16 << 20;
    /** The most that a process may send before it is known. */
    static final int MAX_HELLO = 1 << 16;

    private Wire() {}

    static void writePreamble(DataOutputStream out) throws IOException {
        out.writeLong(MAGIC);
        out.writeInt(VERSION);
        out.flush();
    }

    /** Reads the other side's preamble, and returns its version. */
    static int readPreamble(DataInputStream in) throws IOException {
        if (in.readLong() != MAGIC) {
            throw new ProtocolException("it does not speak the rendezvous protocol of moe4j");
        }
        return in.readInt();
    }

    static Message read(DataInputStream in, long limit) throws IOException {
        int length = in.readInt();
        if (length < 1 || length > limit) {
            throw new ProtocolException("a message of " + length + " bytes; 1 to " + limit + " are allowed");
        }
        byte[] frame = in.readNBytes(length);
        if (frame.length < length) {
            throw new ProtocolException("a message of " + length + " bytes ended after " + frame.length);
        }
        return decode(new DataInputStream(new ByteArrayInputStream(frame)));
    }

    /** A message with its length. */
    static byte[] encode(Message message) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeInt(0);
            switch (message) {
                case Message.Hello hello -> {
                    out.writeByte(1);
                    out.writeInt(hello.worldSize());
                    writeInts(out, hello.ranks());
                }
                case Message.Welcome welcome -> out.writeByte(2);
                case Message.Refusal refusal -> {
                    out.writeByte(3);
                    writeText(out, refusal.reason());
                }
                case Message.Offer offer -> {
                    out.writeByte(4);
                    writeMeeting(out, offer.meeting());
                    out.writeInt(offer.index());
                    writeBytes(out, offer.bytes());
                }
                case Message.Answer answer -> {
                    out.writeByte(5);
                    writeMeeting(out, answer.meeting());
                    for (byte[] given : answer.bytes()) {
                        writeBytes(out, given);
                    }
                }
                case Message.Failed failed -> {
                    out.writeByte(6);
                    out.writeInt(failed.failure().rank());
                    writeText(out, failed.failure().phase());
                    writeText(out, failed.failure().message());
                }
                case Message.Goodbye goodbye -> out.writeByte(7);
            }
        } catch (IOException e) {
            throw new AssertionError("writing to memory does not fail", e);
        }
        byte[] frame = bytes.toByteArray();
        int length = frame.length - Integer.BYTES;
        for (int i = 0; i < Integer.BYTES; i++) {
            frame[i] = (byte) (length >>> (24 - 8 * i));
        }
        return frame;
    }

    private static Message decode(DataInputStream in) throws IOException {
        int kind = in.readByte();
        return switch (kind) {
            case 1 -> new Message.Hello(in.readInt(), readInts(in));
            case 2 -> new Message.Welcome();
            case 3 -> new Message.Refusal(readText(in));
            case 4 -> new Message.Offer(readMeeting(in), in.readInt(), readBytes(in));
            case 5 -> readAnswer(in);
            case 6 -> new Message.Failed(new RankFailure(in.readInt(), readText(in), readText(in)));
            case 7 -> new Message.Goodbye();
            default -> throw new ProtocolException("a message of unknown kind " + kind);
        };
    }

    private static Message readAnswer(DataInputStream in) throws IOException {
        Meeting meeting = readMeeting(in);
        List<byte[]> given = new ArrayList<>();
        for (int i = 0; i < meeting.ranks().size(); i++) {
            given.add(readBytes(in));
        }
        return new Message.Answer(meeting, given);
    }

    private static void writeMeeting(DataOutputStream out, Meeting meeting) throws IOException {
        writeText(out, meeting.group());
        writeInts(out, meeting.ranks());
        writeText(out, meeting.key());
    }

    private static Meeting readMeeting(DataInputStream in) throws IOException {
        return new Meeting(readText(in), readInts(in), readText(in));
    }

    private static void writeInts(DataOutputStream out, List<Integer> values) throws IOException {
        out.writeInt(values.size());
        for (int value : values) {
            out.writeInt(value);
        }
    }

    private static List<Integer> readInts(DataInputStream in) throws IOException {
        int count = readCount(in, Integer.BYTES);
        List<Integer> values = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            values.add(in.readInt());
        }
        return List.copyOf(values);
    }

    private static void writeText(DataOutputStream out, String text) throws IOException {
        writeBytes(out, text.getBytes(StandardCharsets.UTF_8));
    }

    private static String readText(DataInputStream in) throws IOException {
        return new String(readBytes(in), StandardCharsets.UTF_8);
    }

    private static void writeBytes(DataOutputStream out, byte[] bytes) throws IOException {
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    private static byte[] readBytes(DataInputStream in) throws IOException {
        return in.readNBytes(readCount(in, 1));
    }

    /** A count is checked against what is left of the message, so that a wrong one cannot ask for memory. */
    private static int readCount(DataInputStream in, int each) throws IOException {
        int count = in.readInt();
        if (count < 0 || (long) count * each > in.available()) {
            throw new ProtocolException("a count of " + count + " with " + in.available() + " bytes left");
        }
        return count;
    }
}
