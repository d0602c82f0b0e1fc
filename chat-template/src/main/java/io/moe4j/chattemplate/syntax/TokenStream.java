package io.moe4j.chattemplate.syntax;

import java.util.List;

/** A stream of tokens with lookahead. */
final class TokenStream {
    private final List<Token> tokens;
    private int next;

    TokenStream(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token peek() {
        return tokens.get(next);
    }

    /** The token after the next. */
    Token second() {
        return tokens.get(Math.min(next + 1, tokens.size() - 1));
    }

    Token take() {
        Token token = tokens.get(next);
        if (token.kind() != Token.Kind.END) {
            next++;
        }
        return token;
    }

    /** Takes the operator if it is the next token. */
    boolean takeOperator(String operator) {
        return takeIf(peek().isOperator(operator));
    }

    /** Takes the word if it is the next token. */
    boolean takeName(String name) {
        return takeIf(peek().isName(name));
    }

    private boolean takeIf(boolean wanted) {
        if (wanted) {
            next++;
        }
        return wanted;
    }

    Token expectOperator(String operator) {
        return expect(peek().isOperator(operator), "\"" + operator + "\"");
    }

    Token expectName(String name) {
        return expect(peek().isName(name), "\"" + name + "\"");
    }

    Token expectAnyName() {
        return expect(peek().kind() == Token.Kind.NAME, "a name");
    }

    Token expect(Token.Kind kind, String what) {
        return expect(peek().kind() == kind, what);
    }

    private Token expect(boolean met, String what) {
        if (!met) {
            throw new TemplateFault(peek().at(), what + " is expected here, not " + peek().shown()
                    + "; write the tag as Jinja's documentation has it");
        }
        return take();
    }

    /** The number of tokens that were taken. */
    int position() {
        return next;
    }

    /** Whether this name was taken since a position. */
    boolean hasNameSince(int position, String name) {
        return tokens.subList(position, next).stream().anyMatch(token -> token.isName(name));
    }
}
