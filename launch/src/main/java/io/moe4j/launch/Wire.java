package io.moe4j.launch;

import io.moe4j.api.group.RankFailure;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The encoding of messages. A connection begins with a preamble, the same in all versions, and a {@link Handshake}. Messages follow: length of the
 * body (4), body, tag of {@link Seal} (32), sizes in bytes. A body is a kind (1) and the fields of that kind. Numbers are big-endian; texts and byte
 * arrays are preceded by their length.
 *
 * <p>Decoding any bytes gives a message or a {@link ProtocolException}, and needs no more memory than a small multiple of their number.
 */
final class Wire {
    static final long MAGIC = 0x6d6f65346a2e7276L; // "moe4j.rv"
    static final int VERSION = 2;
    /** The most bytes that a rank may send in an exchange. */
    static final int MAX_GIVEN = 16 << 20;
    /** The most bytes of a process's first message; also the most bytes of a message beside the bytes that ranks send. */
    static final int MAX_HELLO = 1 << 16;
    /** The most bytes of a text for people; longer texts are cut. */
    private static final int MAX_TEXT = 1 << 14;

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

    /** Reads the length of a body, which is followed by its bytes and its tag. */
    static int readLength(DataInputStream in, long limit) throws IOException {
        int length = in.readInt();
        if (length < 1 || length > limit) {
            throw new ProtocolException("a message of " + length + " bytes; 1 to " + limit + " are allowed");
        }
        return length;
    }

    /** The body of a message. */
    static byte[] encode(Message message) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            switch (message) {
                case Message.Hello hello -> {
                    out.writeByte(1);
                    writeText(out, hello.job());
                    writeText(out, hello.process());
                    out.writeInt(hello.worldSize());
                    writeInts(out, hello.ranks());
                }
                case Message.Welcome welcome -> out.writeByte(2);
                case Message.Refusal refusal -> {
                    out.writeByte(3);
                    out.writeBoolean(refusal.otherJob());
                    writeCut(out, refusal.reason());
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
                    writeCut(out, failed.failure().phase());
                    writeCut(out, failed.failure().message());
                }
                case Message.Goodbye goodbye -> out.writeByte(7);
            }
        } catch (IOException e) {
            throw new AssertionError("writing to memory does not fail", e);
        }
        return bytes.toByteArray();
    }

    /** The message with this body. Texts for people are made safe to print. */
    static Message decode(byte[] body) throws ProtocolException {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(body))) {
            Message message = decode(in);
            if (in.available() > 0) {
                throw new ProtocolException("a " + message.getClass().getSimpleName() + " with " + in.available()
                        + " bytes too many");
            }
            return message;
        } catch (ProtocolException e) {
            throw e;
        } catch (EOFException e) {
            throw new ProtocolException("a message of " + body.length + " bytes is cut short");
        } catch (IOException e) {
            throw new ProtocolException("a message of " + body.length + " bytes cannot be read: " + e.getMessage());
        }
    }

    private static Message decode(DataInputStream in) throws IOException {
        int kind = in.readByte();
        return switch (kind) {
            case 1 -> new Message.Hello(readPlain(in), readPlain(in), in.readInt(), readInts(in));
            case 2 -> new Message.Welcome();
            case 3 -> new Message.Refusal(in.readBoolean(), readPlain(in));
            case 4 -> new Message.Offer(readMeeting(in), in.readInt(), readBytes(in));
            case 5 -> readAnswer(in);
            case 6 -> new Message.Failed(new RankFailure(in.readInt(), readPlain(in), readPlain(in)));
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

    /** Writes a text for people, cut where it is too long. */
    private static void writeCut(DataOutputStream out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length <= MAX_TEXT) {
            writeBytes(out, bytes);
        } else {
            // A character has at most 4 bytes; the cut does not separate two surrogates.
            writeText(out, text.substring(0, text.offsetByCodePoints(0, text.codePointCount(0, MAX_TEXT / 4 - 8)))
                    + " …");
        }
    }

    private static String readText(DataInputStream in) throws IOException {
        byte[] bytes = readBytes(in);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw new ProtocolException("a text of " + bytes.length + " bytes is not UTF-8");
        }
    }

    /** A text for people, in which control codes are escaped so that it is safe to print. */
    private static String readPlain(DataInputStream in) throws IOException {
        return PlainText.of(readText(in));
    }

    private static void writeBytes(DataOutputStream out, byte[] bytes) throws IOException {
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    private static byte[] readBytes(DataInputStream in) throws IOException {
        return in.readNBytes(readCount(in, 1));
    }

    /** Reads a count and checks it against the rest of the message, so that a wrong count cannot allocate much memory. */
    private static int readCount(DataInputStream in, int each) throws IOException {
        int count = in.readInt();
        if (count < 0 || (long) count * each > in.available()) {
            throw new ProtocolException("a count of " + count + " with " + in.available() + " bytes left");
        }
        return count;
    }
}
