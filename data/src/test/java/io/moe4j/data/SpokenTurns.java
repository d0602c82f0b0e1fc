package io.moe4j.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A simple form of conversations for tests: {@code u:Hi.a:Hello.}, of which what follows {@code a:} is learned. */
record SpokenTurns(String identity, Map<String, String> templates) implements Conversations {
    private static final Pattern TURN = Pattern.compile("\"role\":\"([a-z]+)\",\"content\":\"([^\"]*)\"");

    SpokenTurns(String identity) {
        this(identity, Map.of());
    }

    @Override
    public String field() {
        return "messages";
    }

    @Override
    public RenderedConversation render(String json) throws ConversationException {
        StringBuilder text = new StringBuilder();
        List<RenderedConversation.Part> learned = new ArrayList<>();
        Matcher turns = TURN.matcher(json);
        while (turns.find()) {
            text.append(turns.group(1).charAt(0)).append(':');
            int start = text.length();
            text.append(turns.group(2).replace("\\ud83d", "\ud83d")).append('.');
            if (turns.group(1).equals("assistant")) {
                learned.add(new RenderedConversation.Part(start, text.length()));
            }
        }
        if (learned.isEmpty()) {
            throw new ConversationException("has no turn");
        }
        return new RenderedConversation(text.toString(), learned, text.toString());
    }
}
