-- What only the reporter may do is marked in the words: {reporter:…}. In a district's own words it is everything from the first clause
-- that speaks of it, but for the reason at the end; without a clause, all of them.
update tickets.wording w set words = case
    when w.words ~ '\{because\}$' then regexp_replace(w.words, '([，；。、;,]?[^，；。、;,]*(' || marked.theirs || ').*)\{because\}$', '{reporter:\1}{because}')
    else regexp_replace(w.words, '([，；。、;,]?[^，；。、;,]*(' || marked.theirs || ').*)$', '{reporter:\1}') end
from (values ('T14', '评价'), ('T4b', '评价'), ('T22', '复发|重新提出'), ('T25', '申诉')) marked (transition, theirs)
where w.transition = marked.transition and w.audience = 'REPORTERS' and w.words ~ marked.theirs and strpos(w.words, '{reporter:') = 0;
