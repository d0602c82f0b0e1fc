package io.moe4j.chattemplate.syntax;

import io.moe4j.chattemplate.syntax.Statement.Signature;
import io.moe4j.chattemplate.syntax.Statement.Specials;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads macros, and calls of them with a body. */
final class MacroParser {
    private final TokenStream tokens;
    private final ExpressionParser expressions;
    private final StatementParser statements;

    MacroParser(TokenStream tokens, ExpressionParser expressions, StatementParser statements) {
        this.tokens = tokens;
        this.expressions = expressions;
        this.statements = statements;
    }

    Statement macro(int at) {
        String name = tokens.expectAnyName().text();
        Map<String, Expression> defaults = new LinkedHashMap<>();
        List<String> parameters = parameters(defaults);
        int from = tokens.position();
        List<Statement> body = statements.detachedBody("endmacro");
        return new Statement.Macro(name, signature(parameters, defaults, from), body, at);
    }

    Statement call(int at) {
        Map<String, Expression> defaults = new LinkedHashMap<>();
        List<String> parameters = tokens.peek().isOperator("(") ? parameters(defaults) : List.of();
        Token begin = tokens.peek();
        Expression call = expressions.expression();
        if (!(call instanceof Expression.Call)) {
            throw new TemplateFault(begin.at(), "the tag \"call\" needs a call of a macro, such as {% call box(1) %}");
        }
        int from = tokens.position();
        List<Statement> body = statements.detachedBody("endcall");
        return new Statement.CallBlock(call, signature(parameters, defaults, from), body, at);
    }

    private Signature signature(List<String> parameters, Map<String, Expression> defaults, int from) {
        Specials specials = new Specials(tokens.hasNameSince(from, "caller"), tokens.hasNameSince(from, "varargs"),
                tokens.hasNameSince(from, "kwargs"));
        return new Signature(parameters, Collections.unmodifiableMap(defaults), specials);
    }

    private List<String> parameters(Map<String, Expression> defaults) {
        List<String> names = new ArrayList<>();
        tokens.expectOperator("(");
        while (!tokens.peek().isOperator(")")) {
            if (!names.isEmpty()) {
                tokens.expectOperator(",");
            }
            Token name = tokens.expectAnyName();
            if (names.contains(name.text())) {
                throw new TemplateFault(name.at(), "the parameter " + name.shown() + " is there twice; name each once");
            }
            names.add(name.text());
            if (tokens.takeOperator("=")) {
                defaults.put(name.text(), expressions.expression());
            } else if (!defaults.isEmpty()) {
                throw new TemplateFault(name.at(), "the parameter " + name.shown()
                        + " has no default, and one before it has; put those without first");
            }
        }
        tokens.expectOperator(")");
        return List.copyOf(names);
    }
}
