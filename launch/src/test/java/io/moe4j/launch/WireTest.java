package io.moe4j.launch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.moe4j.api.group.RankFailure;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whatever bytes come, reading them ends with a message or a {@link ProtocolException}. */
@Timeout(60)
class WireTest {
    private static final long SEED = 20261128;
    private static final int CASES = 60_000;
    private static final Meeting MEETING = new Meeting("world", List.of(0, 1), "step report");
    private static final List<Message> MESSAGES = List.of(
            new Message.Hello("Slurm 12.0", "process 4711 on node1", 8, List.of(2, 3)),
            new Message.Welcome(), new Message.Refusal(true, "two jobs"),
            new Message.Offer(MEETING, 1, new byte[] {1, 2, 3}),
            new Message.Answer(MEETING, List.of(new byte[] {4}, new byte[0])),
            new Message.Failed(new RankFailure(3, "step 7, dispatch", "größer \u2265 \uD83D\uDE00")),
            new Message.Goodbye());

    /** Bodies that were once, or could be, read in a wrong way. */
    private static final List<String> CORPUS = List.of(
            "", // nothing
            "00", "08", "ff", // kinds that are not there
            "07ff", // more than a goodbye
            "01ffffffff", "017fffffff", "0180000000", // lengths of a text that cannot be
            "0100000000" + "00000000" + "00000002" + "7fffffff", // more ranks than bytes
            "0100000000" + "00000000" + "00000002" + "40000001" + "00000000", // count times four overflows
            "04" + "00000000" + "7fffffff", "05" + "00000000" + "20000000" + "00000000", // as above, in a meeting
            "05" + "00000000" + "00000001" + "00000000" + "00000000" + "7fffffff", // more bytes than there are
            "06" + "00000000" + "00000002" + "c328" + "00000000", // not UTF-8
            "06" + "00000000" + "00000003" + "eda080" + "00000000", // half a surrogate pair
            "0302" + "00000000" // a boolean that is neither
    );

    @Test
    void whatIsWrittenIsRead() throws Exception {
        for (Message message : MESSAGES) {
            byte[] body = Wire.encode(message);
            Message read = Wire.decode(body);
            assertEquals(message.getClass(), read.getClass());
            assertArrayEquals(body, Wire.encode(read));
        }
        assertEquals(MESSAGES.getFirst(), Wire.decode(Wire.encode(MESSAGES.getFirst())));
        assertEquals(MESSAGES.get(5), Wire.decode(Wire.encode(MESSAGES.get(5))));
    }

    @Test
    void theCorpusIsReadAsItShouldBe() {
        for (String hex : CORPUS) {
            assertReads(HexFormat.of().parseHex(hex), hex);
        }
        for (String hex : CORPUS.subList(0, CORPUS.size() - 1)) {
            assertThrows(ProtocolException.class, () -> Wire.decode(HexFormat.of().parseHex(hex)), hex);
        }
    }

    @Test
    void changedMessagesAreReadOrRefused() {
        List<byte[]> seeds = new ArrayList<>(MESSAGES.stream().map(Wire::encode).toList());
        CORPUS.forEach(hex -> seeds.add(HexFormat.of().parseHex(hex)));
        Random random = new Random(SEED);
        for (int i = 0; i < CASES; i++) {
            byte[] body = change(seeds.get(random.nextInt(seeds.size())), random);
            assertReads(body, "seed " + SEED + ", case " + i);
        }
    }

    @Test
    void aTextThatIsTooLongIsCut() throws Exception {
        for (String piece : List.of("x", "ü", "\u2265", "\uD83D\uDE00")) {
            RankFailure failure = new RankFailure(0, "step 1", piece.repeat(100_000));
            byte[] body = Wire.encode(new Message.Failed(failure));
            assertTrue(body.length < 1 << 15, body.length + " bytes");
            Message.Failed read = (Message.Failed) Wire.decode(body);
            String message = read.failure().message();
            assertTrue(message.startsWith(piece.repeat(1000)) && message.endsWith(piece + " …"), piece);
        }
    }

    /** One that cannot be read is refused; one that can is of moderate size, and without control codes. */
    private static void assertReads(byte[] body, String name) {
        try {
            if (Wire.decode(body) instanceof Message.Failed(RankFailure failure)) {
                assertTrue(failure.message().length() <= 10 * body.length
                        && failure.message().chars().noneMatch(c -> c < ' ' && c != '\n' && c != '\t'), name);
            }
        } catch (ProtocolException e) {
            assertTrue(e.getMessage() != null && e.getMessage().length() < 500, name);
        } catch (RuntimeException | Error e) {
            fail(name + ": " + HexFormat.of().formatHex(body), e);
        }
    }

    private static byte[] change(byte[] seed, Random random) {
        byte[] body = seed.clone();
        int changes = 1 + random.nextInt(4);
        for (int i = 0; i < changes; i++) {
            switch (random.nextInt(6)) {
                case 0 -> body = Arrays.copyOf(body, random.nextInt(body.length + 1)); // cut
                case 1 -> body = Arrays.copyOf(body, body.length + random.nextInt(64)); // zeros follow
                case 2 -> body = insert(body, random);
                case 3 -> {
                    if (body.length >= Integer.BYTES) {
                        int[] numbers = {-1, Integer.MAX_VALUE, Integer.MIN_VALUE, 0, 1, body.length, 1 << 30};
                        ByteBuffer.wrap(body).putInt(random.nextInt(body.length - 3),
                                numbers[random.nextInt(numbers.length)]);
                    }
                }
                default -> {
                    if (body.length > 0) {
                        body[random.nextInt(body.length)] = (byte) random.nextInt(256);
                    }
                }
            }
        }
        return body;
    }

    private static byte[] insert(byte[] body, Random random) {
        byte[] piece = "\u001b[2J\u202e%s\n".getBytes(StandardCharsets.UTF_8);
        int at = random.nextInt(body.length + 1);
        return ByteBuffer.allocate(body.length + piece.length).put(body, 0, at).put(piece)
                .put(body, at, body.length - at).array();
    }
}
