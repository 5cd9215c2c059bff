/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The well-formed messages of RFC 4475 (SDP bodies cut to their first line) and of RFC 5118: what
 * the parser makes of them. Those of RFC 4475 that an application may refuse are here too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "sip/message.h"

struct torture {
	const char *name;
	struct slice text;
};

#define MESSAGE(literal)                       \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}

/* clang-format off */
static const struct torture messages[] = {
	{"3.1.1.1 wsinv", MESSAGE(
		"INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n"
		"TO :\r\n"
		" sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n"
		"from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n"
		"  ;\r\n"
		"  tag = 98asjd8\r\n"
		"MaX-fOrWaRdS: 0068\r\n"
		"Call-ID: wsinv.ndaksdj@192.0.2.1\r\n"
		"Content-Length   : 5\r\n"
		"cseq: 0009\r\n"
		"  INVITE\r\n"
		"Via  : SIP  /   2.0\r\n"
		" /UDP\r\n"
		"    192.0.2.2;branch=390skdjuw\r\n"
		"s :\r\n"
		"NewFangledHeader:   newfangled value\r\n"
		" continued newfangled value\r\n"
		"UnknownHeaderWithUnusualValue: ;;,,;;,;\r\n"
		"Content-Type: application/sdp\r\n"
		"Route:\r\n"
		" <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\r\n"
		"v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n"
		"  branch  =   z9hG4bK9ikj8  ,\r\n"
		" SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n"
		" z9hG4bK30239\r\n"
		"m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\r\n"
		"      newvalue ;\r\n"
		"  secondparam ; q = 0.33\r\n"
		"\r\n"
		"v=0\r\n")},
	{"3.1.1.2 intmeth", MESSAGE(
		"!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0\r\n"
		"Via: SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~\r\n"
		"To: \"BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f\" <sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com>\r\n"
		"From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%=\"\xd1\x80\xd0\xb0\xd0\xb1\xd0\xbe\xd1\x82\xd0\xb0\xd1\x8e\xd1\x89\xd0\xb8\xd0\xb9\";tag=_token~1'+`*%!-.\r\n"
		"Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{\r\n"
		"CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~\r\n"
		"Max-Forwards: 255\r\n"
		"extensionHeader-!.%*+_`'~:\xef\xbb\xbf\xe5\xa4\xa7\xe5\x81\x9c\xe9\x9b\xbb\r\n"
		"Content-Length: 0\r\n"
		"\r\n")},
	{"3.1.1.3 esc01", MESSAGE(
		"INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0\r\n"
		"To: sip:%75se%72@example.com\r\n"
		"From: <sip:I%20have%20spaces@example.net>;tag=938\r\n"
		"Max-Forwards: 87\r\n"
		"i: esc01.239409asdfakjkn23onasd0-3234\r\n"
		"CSeq: 234234 INVITE\r\n"
		"Via: SIP/2.0/UDP host5.example.net;branch=z9hG4bKkdjuw\r\n"
		"C: application/sdp\r\n"
		"Contact:\r\n"
		"  <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>\r\n"
		"Content-Length: 5\r\n"
		"\r\n"
		"v=0\r\n")},
	{"3.1.1.4 escnull", MESSAGE(
		"REGISTER sip:example.com SIP/2.0\r\n"
		"To: sip:null-%00-null@example.com\r\n"
		"From: sip:null-%00-null@example.com;tag=839923423\r\n"
		"Max-Forwards: 70\r\n"
		"Call-ID: escnull.39203ndfvkjdasfkq3w4otrq0adsfdfnavd\r\n"
		"CSeq: 14398234 REGISTER\r\n"
		"Via: SIP/2.0/UDP host5.example.com;branch=z9hG4bKkdjuw\r\n"
		"Contact: <sip:%00@host5.example.com>\r\n"
		"Contact: <sip:%00%00@host5.example.com>\r\n"
		"L:0\r\n"
		"\r\n")},
	{"3.1.1.5 esc02", MESSAGE(
		"RE%47IST%45R sip:registrar.example.com SIP/2.0\r\n"
		"To: \"%Z%45\" <sip:resource@example.com>\r\n"
		"From: \"%Z%45\" <sip:resource@example.com>;tag=f232jadfj23\r\n"
		"Call-ID: esc02.asdfnqwo34rq23i34jrjasdcnl23nrlknsdf\r\n"
		"Via: SIP/2.0/TCP host.example.com;branch=z9hG4bK209%fzsnel234\r\n"
		"CSeq: 29344 RE%47IST%45R\r\n"
		"Max-Forwards: 70\r\n"
		"Contact: <sip:alias1@host1.example.com>\r\n"
		"C%6Fntact: <sip:alias2@host2.example.com>\r\n"
		"Contact: <sip:alias3@host3.example.com>\r\n"
		"l: 0\r\n"
		"\r\n")},
	{"3.1.1.6 lwsdisp", MESSAGE(
		"OPTIONS sip:user@example.com SIP/2.0\r\n"
		"To: sip:user@example.com\r\n"
		"From: caller<sip:caller@example.com>;tag=323\r\n"
		"Max-Forwards: 70\r\n"
		"Call-ID: lwsdisp.1234abcd@funky.example.com\r\n"
		"CSeq: 60 OPTIONS\r\n"
		"Via: SIP/2.0/UDP funky.example.com;branch=z9hG4bKkdjuw\r\n"
		"l: 0\r\n"
		"\r\n")},
	{"3.1.1.8 dblreq", MESSAGE(
		"REGISTER sip:example.com SIP/2.0\r\n"
		"To: sip:j.user@example.com\r\n"
		"From: sip:j.user@example.com;tag=43251j3j324\r\n"
		"Max-Forwards: 8\r\n"
		"I: dblreq.0ha0isndaksdj99sdfafnl3lk233412\r\n"
		"Contact: sip:j.user@host.example.com\r\n"
		"CSeq: 8 REGISTER\r\n"
		"Via: SIP/2.0/UDP 192.0.2.125;branch=z9hG4bKkdjuw23492\r\n"
		"Content-Length: 0\r\n"
		"\r\n"
		"INVITE sip:joe@example.com SIP/2.0\r\n")},
	{"3.1.1.9 semiuri", MESSAGE(
		"OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0\r\n"
		"To: sip:j_user@example.com\r\n"
		"From: sip:caller@example.org;tag=33242\r\n"
		"Max-Forwards: 3\r\n"
		"Call-ID: semiuri.0ha0isndaksdj\r\n"
		"CSeq: 8 OPTIONS\r\n"
		"Accept: application/sdp, application/pkcs7-mime,\r\n"
		"        multipart/mixed, multipart/signed,\r\n"
		"        message/sip, message/sipfrag\r\n"
		"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKkdjuw\r\n"
		"l: 0\r\n"
		"\r\n")},
	{"3.1.1.10 transports", MESSAGE(
		"OPTIONS sip:user@example.com SIP/2.0\r\n"
		"To: sip:user@example.com\r\n"
		"From: <sip:caller@example.com>;tag=323\r\n"
		"Max-Forwards: 70\r\n"
		"Call-ID:  transports.kijh4akdnaqjkwendsasfdj\r\n"
		"Accept: application/sdp\r\n"
		"CSeq: 60 OPTIONS\r\n"
		"Via: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw\r\n"
		"Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf\r\n"
		"Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK2980unddj\r\n"
		"Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en\r\n"
		"Via: SIP/2.0/TCP t5.example.com;branch=z9hG4bK0a9idfnee\r\n"
		"l: 0\r\n"
		"\r\n")},
	{"3.1.1.12 unreason", MESSAGE(
		"SIP/2.0 200 = 2**3 * 5**2 \xd0\xbd\xd0\xbe \xd1\x81\xd1\x82\xd0\xbe \xd0\xb4\xd0\xb5\xd0\xb2\xd1\x8f\xd0\xbd\xd0\xbe\xd1\x81\xd1\x82\xd0\xbe \xd0\xb4\xd0\xb5\xd0\xb2\xd1\x8f\xd1\x82\xd1\x8c - \xd0\xbf\xd1\x80\xd0\xbe\xd1\x81\xd1\x82\xd0\xbe\xd0\xb5\r\n"
		"Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\r\n"
		"Call-ID: unreason.1234ksdfak3j2erwedfsASdf\r\n"
		"CSeq: 35 INVITE\r\n"
		"From: sip:user@example.com;tag=11141343\r\n"
		"To: sip:user@example.edu;tag=2229\r\n"
		"Content-Length: 5\r\n"
		"Content-Type: application/sdp\r\n"
		"Contact: <sip:user@host198.example.com>\r\n"
		"\r\n"
		"v=0\r\n")},
	{"3.1.1.13 noreason", MESSAGE(
		"SIP/2.0 100 \r\n"
		"Via: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe\r\n"
		"Call-ID: noreason.asndj203insdf99223ndf\r\n"
		"CSeq: 35 INVITE\r\n"
		"From: <sip:user@example.com>;tag=39ansfi3\r\n"
		"To: <sip:user@example.edu>;tag=902jndnke3\r\n"
		"Content-Length: 0\r\n"
		"Contact: <sip:user@host105.example.com>\r\n"
		"\r\n")},
	{"3.1.2.11 escruri", MESSAGE(
		"INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0\r\n"
		"To: sip:user@example.com\r\n"
		"From: sip:caller@example.net;tag=341518\r\n"
		"Max-Forwards: 7\r\n"
		"Contact: <sip:caller@host39923.example.net>\r\n"
		"Call-ID: escruri.23940-asdfhj-aje3br-234q098w-fawerh2q-h4n5\r\n"
		"CSeq: 149209342 INVITE\r\n"
		"Via: SIP/2.0/UDP host-of-the-hour.example.com;branch=z9hG4bKkdjuw\r\n"
		"Content-Type: application/sdp\r\n"
		"Content-Length: 5\r\n"
		"\r\n"
		"v=0\r\n")},
	{"3.1.2.12 baddate", MESSAGE(
		"INVITE sip:user@example.com SIP/2.0\r\n"
		"To: sip:user@example.com\r\n"
		"From: sip:caller@example.net;tag=2234923\r\n"
		"Max-Forwards: 70\r\n"
		"Call-ID: baddate.239423mnsadf3j23lj42--sedfnm234\r\n"
		"CSeq: 1392934 INVITE\r\n"
		"Via: SIP/2.0/UDP host.example.com;branch=z9hG4bKkdjuw\r\n"
		"Date: Fri, 01 Jan 2010 16:00:00 EST\r\n"
		"Contact: <sip:caller@host5.example.net>\r\n"
		"Content-Type: application/sdp\r\n"
		"Content-Length: 5\r\n"
		"\r\n"
		"v=0\r\n")},
	{"3.2.1 badbranch", MESSAGE(
		"OPTIONS sip:user@example.com SIP/2.0\r\n"
		"To: sip:user@example.com\r\n"
		"From: sip:caller@example.org;tag=33242\r\n"
		"Max-Forwards: 3\r\n"
		"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK\r\n"
		"Accept: application/sdp\r\n"
		"Call-ID: badbranch.sadonfo23i420jv0as0derf3j3n\r\n"
		"CSeq: 8 OPTIONS\r\n"
		"l: 0\r\n"
		"\r\n")},
	{"3.3.2 unkscm", MESSAGE(
		"OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0\r\n"
		"To: sip:user@example.com\r\n"
		"From: sip:caller@example.net;tag=384\r\n"
		"Max-Forwards: 3\r\n"
		"Call-ID: unkscm.nasdfasser0q239nwsdfasdkl34\r\n"
		"CSeq: 3923423 OPTIONS\r\n"
		"Via: SIP/2.0/TCP host9.example.com;branch=z9hG4bKkdjuw39234\r\n"
		"Content-Length: 0\r\n"
		"\r\n")},
	{"3.3.3 novelsc", MESSAGE(
		"OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0\r\n"
		"To: sip:user@example.com\r\n"
		"From: sip:caller@example.net;tag=384\r\n"
		"Max-Forwards: 3\r\n"
		"Call-ID: novelsc.asdfasser0q239nwsdfasdkl34\r\n"
		"CSeq: 3923423 OPTIONS\r\n"
		"Via: SIP/2.0/TCP host9.example.com;branch=z9hG4bKkdjuw39234\r\n"
		"Content-Length: 0\r\n"
		"\r\n")},
	{"3.3.4 unksm2", MESSAGE(
		"REGISTER sip:example.com SIP/2.0\r\n"
		"To: isbn:2983792873\r\n"
		"From: <http://www.example.com>;tag=3234233\r\n"
		"Call-ID: unksm2.daksdj@hyphenated-host.example.com\r\n"
		"CSeq: 234902 REGISTER\r\n"
		"Max-Forwards: 70\r\n"
		"Via: SIP/2.0/UDP 192.0.2.21:5060;branch=z9hG4bKkdjuw\r\n"
		"Contact: <name:John_Smith>\r\n"
		"l: 0\r\n"
		"\r\n")},
	{"3.3.5 bext01", MESSAGE(
		"OPTIONS sip:user@example.com SIP/2.0\r\n"
		"To: sip:j_user@example.com\r\n"
		"From: sip:caller@example.net;tag=242etr\r\n"
		"Max-Forwards: 6\r\n"
		"Call-ID: bext01.0ha0isndaksdj\r\n"
		"Require: nothingSupportsThis, nothingSupportsThisEither\r\n"
		"Proxy-Require: noProxiesSupportThis, norDoAnyProxiesSupportThis\r\n"
		"CSeq: 8 OPTIONS\r\n"
		"Via: SIP/2.0/TLS fold-and-staple.example.com;branch=z9hG4bKkdjuw\r\n"
		"Content-Length: 0\r\n"
		"\r\n")},
	{"3.3.6 invut", MESSAGE(
		"INVITE sip:user@example.com SIP/2.0\r\n"
		"Contact: <sip:caller@host5.example.net>\r\n"
		"To: sip:j.user@example.com\r\n"
		"From: sip:caller@example.net;tag=8392034\r\n"
		"Max-Forwards: 70\r\n"
		"Call-ID: invut.0ha0isndaksdjadsfij34n23d\r\n"
		"CSeq: 235448 INVITE\r\n"
		"Via: SIP/2.0/UDP somehost.example.com;branch=z9hG4bKkdjuw\r\n"
		"Content-Type: application/unknownformat\r\n"
		"Content-Length: 40\r\n"
		"\r\n"
		"<audio>\r\n"
		" <pcmu port=\"443\"/>\r\n"
		"</audio>\r\n")},
	{"3.3.7 regaut01", MESSAGE(
		"REGISTER sip:example.com SIP/2.0\r\n"
		"To: sip:j.user@example.com\r\n"
		"From: sip:j.user@example.com;tag=87321hj23128\r\n"
		"Max-Forwards: 8\r\n"
		"Call-ID: regaut01.0ha0isndaksdj\r\n"
		"CSeq: 9338 REGISTER\r\n"
		"Via: SIP/2.0/TCP 192.0.2.253;branch=z9hG4bKkdjuw\r\n"
		"Authorization: NoOneKnowsThisScheme opaque-data=here\r\n"
		"Content-Length:0\r\n"
		"\r\n")},
	{"3.3.10 bcast", MESSAGE(
		"SIP/2.0 200 OK\r\n"
		"Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\r\n"
		"Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23\r\n"
		"Call-ID: bcast.0384840201234ksdfak3j2erwedfsASdf\r\n"
		"CSeq: 35 INVITE\r\n"
		"From: sip:user@example.com;tag=11141343\r\n"
		"To: sip:user@example.edu;tag=2229\r\n"
		"Content-Length: 5\r\n"
		"Content-Type: application/sdp\r\n"
		"Contact: <sip:user@host28.example.com>\r\n"
		"\r\n"
		"v=0\r\n")},
	{"3.3.11 zeromf", MESSAGE(
		"OPTIONS sip:user@example.com SIP/2.0\r\n"
		"To: sip:user@example.com\r\n"
		"From: sip:caller@example.net;tag=3ghsd41\r\n"
		"Call-ID: zeromf.jfasdlfnm2o2l43r5u0asdfas\r\n"
		"CSeq: 39234321 OPTIONS\r\n"
		"Via: SIP/2.0/UDP host1.example.com;branch=z9hG4bKkdjuw2349i\r\n"
		"Max-Forwards: 0\r\n"
		"Content-Length: 0\r\n"
		"\r\n")},
	{"3.3.12 cparam01", MESSAGE(
		"REGISTER sip:example.com SIP/2.0\r\n"
		"Via: SIP/2.0/UDP saturn.example.com:5060;branch=z9hG4bKkdjuw\r\n"
		"Max-Forwards: 70\r\n"
		"From: sip:watson@example.com;tag=DkfVgjkrtMwaerKKpe\r\n"
		"To: sip:watson@example.com\r\n"
		"Call-ID: cparam01.70710@saturn.example.com\r\n"
		"CSeq: 2 REGISTER\r\n"
		"Contact: sip:+19725552222@gw1.example.net;unknownparam\r\n"
		"l: 0\r\n"
		"\r\n")},
	{"3.3.13 cparam02", MESSAGE(
		"REGISTER sip:example.com SIP/2.0\r\n"
		"Via: SIP/2.0/UDP saturn.example.com:5060;branch=z9hG4bKkdjuw\r\n"
		"Max-Forwards: 70\r\n"
		"From: sip:watson@example.com;tag=838293\r\n"
		"To: sip:watson@example.com\r\n"
		"Call-ID: cparam02.70710@saturn.example.com\r\n"
		"CSeq: 3 REGISTER\r\n"
		"Contact: <sip:+19725552222@gw1.example.net;unknownparam>\r\n"
		"l: 0\r\n"
		"\r\n")},
	{"3.3.14 regescrt", MESSAGE(
		"REGISTER sip:example.com SIP/2.0\r\n"
		"To: sip:user@example.com\r\n"
		"From: sip:user@example.com;tag=8\r\n"
		"Max-Forwards: 70\r\n"
		"Call-ID: regescrt.k345asrl3fdbv@192.0.2.1\r\n"
		"CSeq: 14398234 REGISTER\r\n"
		"Via: SIP/2.0/UDP host5.example.com;branch=z9hG4bKkdjuw\r\n"
		"M: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>\r\n"
		"L:0\r\n"
		"\r\n")},
	{"3.3.15 sdp01", MESSAGE(
		"INVITE sip:user@example.com SIP/2.0\r\n"
		"To: sip:j_user@example.com\r\n"
		"Contact: <sip:caller@host15.example.net>\r\n"
		"From: sip:caller@example.net;tag=234\r\n"
		"Max-Forwards: 5\r\n"
		"Call-ID: sdp01.ndaksdj9342dasdd\r\n"
		"Accept: text/nobodyKnowsThis\r\n"
		"CSeq: 8 INVITE\r\n"
		"Via: SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKkdjuw\r\n"
		"Content-Length: 5\r\n"
		"Content-Type: application/sdp\r\n"
		"\r\n"
		"v=0\r\n")},
	{"3.4.1 inv2543", MESSAGE(
		"INVITE sip:UserB@example.com SIP/2.0\r\n"
		"Via: SIP/2.0/UDP iftgw.example.com\r\n"
		"From: <sip:+13035551111@ift.client.example.net;user=phone>\r\n"
		"Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>\r\n"
		"To: sip:+16505552222@ss1.example.net;user=phone\r\n"
		"Call-ID: inv2543.1717@ift.client.example.com\r\n"
		"CSeq: 56 INVITE\r\n"
		"Content-Type: application/sdp\r\n"
		"\r\n"
		"v=0\r\n")},
	{"RFC 5118 4.1 ipv6-good", MESSAGE(
		"REGISTER sip:[2001:db8::10] SIP/2.0\r\n"
		"To: sip:user@example.com\r\n"
		"From: sip:user@example.com;tag=81x2\r\n"
		"Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111\r\n"
		"Call-ID: SSG9559905523997077@hlau_4100\r\n"
		"Contact: \"Caller\" <sip:caller@[2001:db8::1]>\r\n"
		"CSeq: 98176 REGISTER\r\n"
		"Content-Length: 0\r\n\r\n")},
	{"RFC 5118 4.5 via-received-param-with-delim", MESSAGE(
		"BYE sip:[2001:db8::10] SIP/2.0\r\n"
		"To: sip:user@example.com;tag=bd76ya\r\n"
		"From: sip:user@example.com;tag=81x2\r\n"
		"Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111\r\n"
		"Call-ID: SSG9559905523997077@hlau_4100\r\n"
		"CSeq: 321 BYE\r\n"
		"Content-Length: 0\r\n\r\n")},
	{"RFC 5118 4.5 via-received-param-no-delim", MESSAGE(
		"OPTIONS sip:[2001:db8::10] SIP/2.0\r\n"
		"To: sip:user@example.com\r\n"
		"From: sip:user@example.com;tag=81x2\r\n"
		"Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3\r\n"
		"Call-ID: SSG95523997077@hlau_4100\r\n"
		"Contact: \"Caller\" <sip:caller@[2001:db8::9:1]>\r\n"
		"CSeq: 921 OPTIONS\r\n"
		"Content-Length: 0\r\n\r\n")},
	{"RFC 5118 4.9 ipv4-mapped-ipv6", MESSAGE(
		"INVITE sip:user@example.com SIP/2.0\r\n"
		"To: sip:user@example.com\r\n"
		"From: sip:user@east.example.com;tag=81x2\r\n"
		"Via: SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19\r\n"
		"Via: SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bKas3-111\r\n"
		"Call-ID: SSG9559905523997077@hlau_4100\r\n"
		"Contact: \"T. desk phone\" <sip:ted@[::ffff:192.0.2.2]>\r\n"
		"CSeq: 612 INVITE\r\n"
		"Content-Length: 0\r\n\r\n")},
};
/* clang-format on */

static void assert_slice(struct slice s, const char *expected)
{
	assert_int_equal(s.n, strlen(expected));
	assert_memory_equal(s.p ? s.p : "", expected, s.n);
}

static void parse(const char *name, struct sip_msg *msg)
{
	size_t consumed;

	for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
		if (strstr(messages[i].name, name)) {
			assert_int_equal(sip_msg_parse(messages[i].text, false, msg, &consumed), 0);
			return;
		}
	}
	fail_msg("no message %s", name);
}

static void well_formed_messages_are_accepted(void **state)
{
	for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
		struct sip_msg msg;
		size_t consumed;

		if (sip_msg_parse(messages[i].text, false, &msg, &consumed) < 0 ||
			sip_msg_check(&msg) < 0)
			fail_msg("%s: %s", messages[i].name, msg.error);
		assert_int_equal(msg.answerable, msg.is_request);
	}
}

static void well_formed_requests_can_be_answered(void **state)
{
	for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
		struct sip_msg msg, answer;
		size_t consumed;
		struct buf out;

		assert_int_equal(sip_msg_parse(messages[i].text, false, &msg, &consumed), 0);
		if (!msg.is_request)
			continue;
		assert_int_equal(addr_parse(SLICE("192.0.2.7"), 5099, &msg.source), 0);
		buf_init(&out, 65536);
		sip_write_response(&out, &msg, 200, NULL, "mine");
		sip_write_end(&out, SLICE_NONE, SLICE_NONE);
		assert_int_equal(out.err, 0);
		assert_int_equal(sip_msg_parse(buf_view(&out), true, &answer, &consumed), 0);
		assert_true(slice_eq(answer.call_id, msg.call_id));
		assert_true(slice_eq(answer.from.tag, msg.from.tag));
		assert_true(slice_eq(answer.via.branch, msg.via.branch));
		buf_free(&out);
	}
}

static void a_tortuous_invite_is_understood(void **state)
{
	struct sip_element_walk walk = {0};
	struct sip_name_addr contact;
	struct slice element;
	struct sip_msg msg;
	struct sip_via via;

	parse("wsinv", &msg);
	assert_int_equal(msg.method, SIP_INVITE);
	assert_slice(msg.to.tag, "1918181833n");
	assert_slice(msg.from.tag, "98asjd8");
	assert_slice(msg.from.uri.user, "jdrosen");
	assert_int_equal(msg.max_forwards, 68);
	assert_int_equal(msg.cseq.number, 9);
	assert_slice(msg.via.host, "192.0.2.2");
	assert_slice(msg.via.branch, "390skdjuw");
	assert_int_equal(msg.content_length, 5);
	for (unsigned i = 0; i < 3; i++)
		assert_true(sip_msg_element(&msg, SIP_HDR_VIA, &walk, &element));
	assert_int_equal(sip_via_parse(element, &via), 0);
	assert_slice(via.host, "192.168.255.111");
	assert_slice(via.branch, "z9hG4bK30239");
	assert_false(sip_msg_element(&msg, SIP_HDR_VIA, &walk, &element));
	walk = (struct sip_element_walk){0};
	assert_int_equal(sip_msg_address(&msg, SIP_HDR_CONTACT, &walk, &contact), 1);
	assert_true(sip_param(contact.params, "q", &element));
	assert_slice(element, "0.33");
	assert_slice(sip_msg_header_named(&msg, "unknownheaderwithunusualvalue", NULL)->value,
		";;,,;;,;");
}

static void names_are_not_unescaped(void **state)
{
	struct sip_msg msg;

	parse("esc02", &msg);
	assert_int_equal(msg.method, SIP_OTHER);
	assert_slice(msg.method_name, "RE%47IST%45R");
	assert_non_null(sip_msg_next(&msg, SIP_HDR_CONTACT, sip_msg_header(&msg, SIP_HDR_CONTACT)));
	assert_non_null(sip_msg_header_named(&msg, "C%6Fntact", NULL));
}

static void unusual_characters_stay_as_they_are(void **state)
{
	struct sip_msg msg;

	parse("intmeth", &msg);
	assert_slice(msg.method_name, "!interesting-Method0123456789_*+`.%indeed'~");
	assert_slice(msg.from.tag, "_token~1'+`*%!-.");
	assert_int_equal(msg.to.display.n, 22);
	assert_non_null(memchr(msg.to.display.p, '\0', msg.to.display.n));
	assert_slice(msg.call_id, "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{");
}

static void what_follows_a_datagrams_message_is_dropped(void **state)
{
	struct sip_msg msg;

	parse("dblreq", &msg);
	assert_int_equal(msg.body.n, 0);
	assert_int_equal(msg.raw.p[msg.raw.n - 1], '\n');
}

static void parameters_of_contact_and_uri_are_told_apart(void **state)
{
	struct sip_element_walk walk = {0};
	struct sip_name_addr contact;
	struct sip_msg msg;

	parse("cparam01", &msg);
	assert_int_equal(sip_msg_address(&msg, SIP_HDR_CONTACT, &walk, &contact), 1);
	assert_slice(contact.params, "unknownparam");
	assert_int_equal(contact.uri.params.n, 0);
	parse("cparam02", &msg);
	walk = (struct sip_element_walk){0};
	assert_int_equal(sip_msg_address(&msg, SIP_HDR_CONTACT, &walk, &contact), 1);
	assert_int_equal(contact.params.n, 0);
	assert_slice(contact.uri.params, "unknownparam");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(well_formed_messages_are_accepted),
		cmocka_unit_test(well_formed_requests_can_be_answered),
		cmocka_unit_test(a_tortuous_invite_is_understood),
		cmocka_unit_test(names_are_not_unescaped),
		cmocka_unit_test(unusual_characters_stay_as_they_are),
		cmocka_unit_test(what_follows_a_datagrams_message_is_dropped),
		cmocka_unit_test(parameters_of_contact_and_uri_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
