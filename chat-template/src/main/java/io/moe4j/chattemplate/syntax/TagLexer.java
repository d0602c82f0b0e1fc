package io.moe4j.chattemplate.syntax;

import io.moe4j.chattemplate.python.Spaces;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** Divides the content of an output or a tag into names, numbers, strings and operators. */
final class TagLexer {
    private static final List<String> OPERATORS = List.of("//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%",
            "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";");

    private final String source;
    private final String end;
    private final List<Token> tokens;
    private final Deque<Character> open = new ArrayDeque<>();
    private int at;

    TagLexer(String source, int at, String end, List<Token> tokens) {
        this.source = source;
        this.at = at;
        this.end = end;
        this.tokens = tokens;
    }

    /** Adds all tokens. Returns the position where the end begins, including its sign. */
    int readToEnd() {
        int begin = at;
        while (true) {
            at = Spaces.skip(source, at);
            if (at >= source.length()) {
                throw new TemplateFault(begin, "a tag begins that does not end; end it with \"" + end + "\"");
            }
            if (open.isEmpty() && isEnd()) {
                return at;
            }
            tokens.add(next());
        }
    }

    private boolean isEnd() {
        boolean signed = source.charAt(at) == '-' || (source.charAt(at) == '+' && end.equals("%}"));
        return source.startsWith(end, at) || (signed && source.startsWith(end, at + 1));
    }

    private Token next() {
        int begin = at;
        char c = source.charAt(at);
        if (NumberLiteral.isDigit(c)) {
            NumberLiteral number = NumberLiteral.read(source, at);
            at = number.end();
            return new Token(Token.Kind.NUMBER, source.substring(begin, at), number.value(), begin);
        }
        int point = source.codePointAt(at);
        if (Character.isUnicodeIdentifierStart(point) || c == '_') {
            return name();
        }
        if (c == '"' || c == '\'') {
            StringLiteral string = StringLiteral.read(source, at);
            at = string.end();
            return new Token(Token.Kind.STRING, source.substring(begin, at), string.value(), begin);
        }
        for (String operator : OPERATORS) {
            if (source.startsWith(operator, at)) {
                at += operator.length();
                balance(c, begin);
                return Token.of(Token.Kind.OPERATOR, operator, begin);
            }
        }
        throw new TemplateFault(at,
                "no expression has the character \"" + Character.toString(point) + "\" here; remove it");
    }

    private Token name() {
        int begin = at;
        while (at < source.length() && isPart(source.codePointAt(at))) {
            at += Character.charCount(source.codePointAt(at));
        }
        return Token.of(Token.Kind.NAME, source.substring(begin, at), begin);
    }

    private static boolean isPart(int point) {
        return Character.isUnicodeIdentifierPart(point) && !Character.isIdentifierIgnorable(point);
    }

    private void balance(char c, int where) {
        switch (c) {
            case '{' -> open.push('}');
            case '(' -> open.push(')');
            case '[' -> open.push(']');
            case '}', ')', ']' -> {
                if (open.isEmpty() || open.pop() != c) {
                    throw new TemplateFault(where, "\"" + c + "\" closes nothing; open and close brackets in pairs");
                }
            }
            default -> {
            }
        }
    }
}
