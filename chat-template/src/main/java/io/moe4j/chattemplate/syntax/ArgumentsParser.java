package io.moe4j.chattemplate.syntax;

import io.moe4j.chattemplate.syntax.Expression.Arguments;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads the arguments of a call, in parentheses: {@code (1, 2, indent=4, *more, **named)}. */
final class ArgumentsParser {
    private final TokenStream tokens;
    private final ExpressionParser expressions;

    ArgumentsParser(TokenStream tokens, ExpressionParser expressions) {
        this.tokens = tokens;
        this.expressions = expressions;
    }

    Arguments read() {
        int at = tokens.expectOperator("(").at();
        List<Expression> positional = new ArrayList<>();
        Map<String, Expression> named = new LinkedHashMap<>();
        Optional<Expression> spread = Optional.empty();
        Optional<Expression> spreadNamed = Optional.empty();
        boolean first = true;
        while (!tokens.peek().isOperator(")")) {
            if (!first) {
                tokens.expectOperator(",");
                if (tokens.peek().isOperator(")")) {
                    break;
                }
            }
            first = false;
            if (tokens.takeOperator("*")) {
                ensure(spread.isEmpty() && spreadNamed.isEmpty(), at);
                spread = Optional.of(expressions.expression());
            } else if (tokens.takeOperator("**")) {
                ensure(spreadNamed.isEmpty(), at);
                spreadNamed = Optional.of(expressions.expression());
            } else if (tokens.peek().kind() == Token.Kind.NAME && tokens.second().isOperator("=")) {
                ensure(spreadNamed.isEmpty(), at);
                String name = tokens.take().text();
                tokens.take();
                ensure(named.put(name, expressions.expression()) == null, at);
            } else {
                ensure(spread.isEmpty() && spreadNamed.isEmpty() && named.isEmpty(), at);
                positional.add(expressions.expression());
            }
        }
        tokens.expectOperator(")");
        return new Arguments(List.copyOf(positional), Collections.unmodifiableMap(named), spread, spreadNamed);
    }

    private static void ensure(boolean inOrder, int at) {
        if (!inOrder) {
            throw new TemplateFault(at,
                    "arguments come in the order (values, names=values, *list, **dict), each name once;"
                            + " put them in this order");
        }
    }
}
